// The quick way to read a message: once over its text, straight into the
// struct.
//
// It takes what is valid and fits, whatever the keys and scalars are spelled
// like. On anything else it gives up without a word: the careful way then
// finds out what is wrong and where, or that this was too hasty.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::CowStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::wire;
use super::{MOST_LEVELS, meant, visit_number};

/// Reads a message, if the quick way is enough.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut reader = Reader {
        text: std::str::from_utf8(bytes).ok()?,
        at: 0,
        levels_left: MOST_LEVELS,
    };
    let value = T::deserialize(&mut reader).ok()?;
    reader.skip_blanks();
    (reader.at == reader.text.len()).then_some(value)
}

/// Something that the careful way has to look at.
#[derive(Debug)]
struct Odd;

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("to be read with care")
    }
}

impl std::error::Error for Odd {}

impl de::Error for Odd {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Where in a string the next quote, backslash or control character is, or the
/// end of all.
#[inline]
fn until_special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // The high bit of each byte that is less, unless it was set before.
    // Above the first such byte the others may be wrong.
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let same = |word: u64, byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    while let Some(next) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*next);
        let special = (less(word, 0x20) | same(word, b'"') | same(word, b'\\')) & HIGH;
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(0x20 | 0x21 | 0x23..=0x5b | 0x5d..) = bytes.get(at) {
        at += 1;
    }
    at
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
    levels_left: usize,
}

impl<'de> Reader<'de> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The first byte of what comes next.
    #[inline]
    fn next(&mut self) -> Result<u8, Odd> {
        self.skip_blanks();
        self.peek().ok_or(Odd)
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Result<(), Odd> {
        if self.next()? == expected {
            self.at += 1;
            Ok(())
        } else {
            Err(Odd)
        }
    }

    fn take_word(&mut self, word: &str) -> Result<(), Odd> {
        let rest = self.text.as_bytes().get(self.at..).ok_or(Odd)?;
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(Odd)
        }
    }

    /// A string with its quotes, and whether anything in it is escaped.
    fn quoted(&mut self) -> Result<(&'de str, bool), Odd> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        let mut at = start + 1;
        loop {
            at = until_special(bytes, at);
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                _ => return Err(Odd),
            }
        }
        self.at = at + 1;
        let quoted = self.text.get(start..self.at).ok_or(Odd)?;
        Ok((quoted, escaped))
    }

    fn string(&mut self) -> Result<Cow<'de, str>, Odd> {
        let (quoted, escaped) = self.quoted()?;
        if escaped {
            let text = serde_json::from_str(quoted).map_err(|_| Odd)?;
            Ok(Cow::Owned(text))
        } else {
            let inside = quoted.get(1..quoted.len() - 1).ok_or(Odd)?;
            Ok(Cow::Borrowed(inside))
        }
    }

    /// A number, as it is spelled.
    fn number(&mut self) -> Result<&'de str, Odd> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.peek();
        let whole = self.digits()?;
        if first == Some(b'0') && whole > 1 {
            return Err(Odd);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        self.text.get(start..self.at).ok_or(Odd)
    }

    /// How many digits there are; at least one.
    fn digits(&mut self) -> Result<usize, Odd> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match self.at - start {
            0 => Err(Odd),
            count => Ok(count),
        }
    }

    fn object<V: Visitor<'de>>(
        &mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Odd> {
        self.take(b'{')?;
        self.levels_left = self.levels_left.checked_sub(1).ok_or(Odd)?;
        let mut entries = Entries {
            place: Place::Start,
            reader: self,
            fields,
            likely: 0,
        };
        let value = visitor.visit_map(&mut entries)?;
        // Whoever stops before the end has not seen what may be wrong there.
        if entries.place != Place::End {
            return Err(Odd);
        }
        self.levels_left += 1;
        Ok(value)
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Odd> {
        self.take(b'[')?;
        self.levels_left = self.levels_left.checked_sub(1).ok_or(Odd)?;
        let mut items = Items {
            place: Place::Start,
            reader: self,
        };
        let value = visitor.visit_seq(&mut items)?;
        if items.place != Place::End {
            return Err(Odd);
        }
        self.levels_left += 1;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Odd;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        match self.next()? {
            b'{' => self.object(&[], visitor),
            b'[' => self.list(visitor),
            b'"' => match self.string()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            b't' => {
                self.take_word("true")?;
                visitor.visit_bool(true)
            }
            b'f' => {
                self.take_word("false")?;
                visitor.visit_bool(false)
            }
            b'n' => {
                self.take_word("null")?;
                visitor.visit_unit()
            }
            _ => visit_number(self.number()?, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        if self.next()? == b'n' {
            self.take_word("null")?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    /// A scalar by its text, which is what [`wire`] would make of its spelling.
    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Odd> {
        match name {
            wire::RAW => {}
            wire::PLAIN if self.next()? != b'{' => {}
            _ => return visitor.visit_newtype_struct(self),
        }
        match self.next()? {
            b'"' => match self.string()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            b'0'..=b'9' | b'-' => visitor.visit_borrowed_str(self.number()?),
            b't' | b'f' | b'n' => self.deserialize_any(visitor),
            _ => Err(Odd),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        self.object(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Odd> {
        self.object(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Odd> {
        Err(Odd)
    }

    /// What nobody asks for has to be JSON all the same.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        if self.next()? == b'"' {
            let (quoted, escaped) = self.quoted()?;
            if escaped {
                serde_json::from_str::<de::IgnoredAny>(quoted).map_err(|_| Odd)?;
            }
            visitor.visit_unit()
        } else {
            self.deserialize_any(visitor)
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct identifier
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Between,
    End,
}

impl Place {
    /// Goes to what comes next, or over the closing bracket.
    #[inline]
    fn advance(&mut self, reader: &mut Reader<'_>, closing: u8) -> Result<(), Odd> {
        let next = reader.next()?;
        match self {
            Self::Start if next != closing => *self = Self::Between,
            Self::Between if next == b',' => reader.at += 1,
            Self::Start | Self::Between if next == closing => {
                reader.at += 1;
                *self = Self::End;
            }
            _ => return Err(Odd),
        }
        Ok(())
    }
}

struct Entries<'a, 'de> {
    reader: &'a mut Reader<'de>,
    place: Place,
    fields: &'static [&'static str],
    /// The field that comes next if they come in their order.
    likely: usize,
}

impl<'de> Entries<'_, 'de> {
    #[inline]
    fn meant(&mut self, key: Cow<'de, str>) -> Cow<'de, str> {
        if self.fields.is_empty() {
            return key;
        }
        let likely = self.likely;
        self.likely += 1;
        if self.fields.get(likely).is_some_and(|field| *field == key) {
            return key;
        }
        let Some(name) = meant(self.fields, &key) else {
            return key;
        };
        // Optional fields are left out, and others may come in any order.
        let place = self.fields.iter().position(|field| *field == name);
        self.likely = place.map_or(self.likely, |place| place + 1);
        Cow::Borrowed(name)
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Odd;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Odd> {
        self.place.advance(self.reader, b'}')?;
        if self.place == Place::End {
            return Ok(None);
        }
        if self.reader.next()? != b'"' {
            return Err(Odd);
        }
        let key = self.reader.string()?;
        self.reader.take(b':')?;
        let key = self.meant(key);
        seed.deserialize(CowStrDeserializer::new(key)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Odd> {
        seed.deserialize(&mut *self.reader)
    }
}

struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    place: Place,
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Odd;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Odd> {
        self.place.advance(self.reader, b']')?;
        if self.place == Place::End {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}
