//! The examples of an operation, as plaintext, as ciphertext and as Rust.

use super::Page;
use codegen::model::{Direction, Operation};
use maud::{Markup, html};

impl Page<'_> {
    /// Renders every example, as plaintext and encrypted.
    pub(super) fn examples(&self, operation: &Operation) -> Markup {
        let parts = [
            ("Request", &operation.request_examples),
            ("Response", &operation.response_examples),
        ];
        html! {
            h4 { "Examples" }
            @for (title, examples) in parts {
                @for (position, example) in examples.iter().enumerate() {
                    details open[position == 0] {
                        summary { b { (title) } " " (example.summary) " " code { (example.name) } }
                        pre { (example.pretty) }
                        @if let Some(body) = self.sealed.bodies.get(&example.json) {
                            p.label { "Encrypted, as it travels" }
                            pre.sealed { (body) }
                        }
                    }
                }
            }
        }
    }

    /// Renders the call and the handler, the partner's side first.
    pub(super) fn rust(&self, operation: &Operation) -> Markup {
        let usage = self.usage.get(&operation.name);
        let call = ("Call", usage.and_then(|usage| usage.call.as_ref()));
        let handler = ("Handler", usage.and_then(|usage| usage.handler.as_ref()));
        let sides = match operation.direction {
            Direction::ToProvider => [call, handler],
            Direction::ToPartner => [handler, call],
        };
        let whose = ["your side", "the other side, for sandboxes and tests"];
        html! {
            h4 { "In Rust" }
            @for (position, (title, example)) in sides.into_iter().enumerate() {
                @if let Some(example) = example {
                    details open[position == 0] {
                        summary { b { (title) } " " (whose[position]) }
                        pre { (shown(example)) }
                    }
                }
            }
        }
    }
}

/// The lines of a documentation example that rustdoc shows.
fn shown(example: &str) -> String {
    let hidden = |line: &&str| line.starts_with("```") || line.starts_with("# ");
    let lines: Vec<_> = example.lines().filter(|line| !hidden(line)).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn fences_and_hidden_lines_are_left_out() {
        let example =
            "```no_run\nuse a::B;\n\n# async fn call() {\nlet b = B;\n# let _ = b;\n# }\n```";
        assert_eq!(shown(example), "use a::B;\n\nlet b = B;");
    }
}
