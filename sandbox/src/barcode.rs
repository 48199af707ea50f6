//! Code 128-A barcodes as SVG images.
//!
//! Set A covers the ASCII characters from space to underscore: digits, capital letters
//! and punctuation, which is more than a reference needs.

use displaydoc::Display;

/// The widths of bars and gaps, alternately, for each value; the last is the stop
/// pattern with its final bar.
const PATTERNS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122", "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];

const START_A: usize = 103;
const STOP: usize = 106;

/// The quiet zone on either side in modules, which scanners require.
const QUIET: u32 = 10;
const HEIGHT: u32 = 60;

/// The text has a character that Code 128-A cannot encode here.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[displaydoc("Code 128-A has no {0:?}")]
pub struct NotEncodable(char);

impl std::error::Error for NotEncodable {}

/// Returns the barcode of a text, with the text below it.
///
/// # Errors
///
/// Returns an error if the text has characters outside the range from space to
/// underscore.
///
/// ```
/// let picture = skypay_sandbox::barcode::svg("9919-2940-0349")?;
/// assert!(picture.starts_with("<svg "));
/// # Ok::<(), skypay_sandbox::barcode::NotEncodable>(())
/// ```
pub fn svg(text: &str) -> Result<String, NotEncodable> {
    let values = encode(text)?;
    let mut bars = String::new();
    let mut at = QUIET;
    for value in values {
        for (index, width) in widths(value).enumerate() {
            if index % 2 == 0 {
                bars += &format!("M{at} 0h{width}v{HEIGHT}h-{width}z");
            }
            at += width;
        }
    }
    let (width, height) = (at + QUIET, HEIGHT + 16);
    let middle = width / 2;
    let label = HEIGHT + 13;
    let shown = escaped(text);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{shown}\"><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\
         <path d=\"{bars}\" fill=\"#000\"/><text x=\"{middle}\" y=\"{label}\" \
         text-anchor=\"middle\" font-family=\"monospace\" font-size=\"12\" fill=\"#000\">\
         {shown}</text></svg>"
    ))
}

/// Returns the values of start, characters, checksum and stop.
fn encode(text: &str) -> Result<Vec<usize>, NotEncodable> {
    let value = |character: char| match character {
        ' '..='_' => Ok(character as usize - ' ' as usize),
        other => Err(NotEncodable(other)),
    };
    let characters = text.chars().map(value).collect::<Result<Vec<_>, _>>()?;
    let weighted = characters.iter().enumerate();
    let sum: usize = weighted.map(|(index, value)| (index + 1) * value).sum();
    let check = (START_A + sum) % 103;
    Ok([START_A]
        .into_iter()
        .chain(characters)
        .chain([check, STOP])
        .collect())
}

fn widths(value: usize) -> impl Iterator<Item = u32> {
    let pattern = PATTERNS.get(value).copied().unwrap_or_default();
    pattern.bytes().map(|byte| u32::from(byte - b'0'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{NotEncodable, PATTERNS, STOP, encode, svg, widths};

    #[test]
    fn every_pattern_is_eleven_modules_wide_and_none_comes_twice() {
        let different: BTreeSet<_> = PATTERNS.iter().collect();
        assert_eq!(different.len(), PATTERNS.len());
        for value in 0..STOP {
            assert_eq!(widths(value).sum::<u32>(), 11, "{value}");
            // The bars of each value are an even number of modules wide.
            let bars: u32 = widths(value).step_by(2).sum();
            assert_eq!(bars % 2, 0, "{value}");
        }
        assert_eq!(widths(STOP).sum::<u32>(), 13);
    }

    #[test]
    fn the_check_is_the_weighted_sum() {
        // 103 + 1 * 48 ("P") + 2 * 42 ("J") + 3 * 42 + 4 * 17 ("1") + 5 * 18
        // + 6 * 19 + 7 * 35 ("C") = 878; 878 mod 103 = 54.
        let values = encode("PJJ123C").unwrap();
        assert_eq!(values, [103, 48, 42, 42, 17, 18, 19, 35, 54, 106]);
    }

    #[test]
    fn what_cannot_be_encoded_is_named() {
        assert_eq!(svg("abc"), Err(NotEncodable('a')));
        assert_eq!(svg("Ä").unwrap_err().to_string(), "Code 128-A has no 'Ä'");
    }

    #[test]
    fn the_picture_has_quiet_zones_and_the_text() {
        let picture = svg("9919-2940-0349").unwrap();
        // Start, 14 characters, check and stop, and ten modules on each side.
        let width = 10 + 11 * 16 + 13 + 10;
        assert!(
            picture.contains(&format!("viewBox=\"0 0 {width} 76\"")),
            "{picture}"
        );
        assert!(picture.contains(">9919-2940-0349</text>"), "{picture}");
        assert!(picture.contains("d=\"M10 0h2v60h-2z"), "{picture}");
    }
}
