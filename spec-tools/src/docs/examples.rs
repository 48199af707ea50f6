//! The examples of an operation, clear and sealed, and the Rust for it.

use super::html::Html;
use super::{ExampleName, Page};
use codegen::model::{Direction, Example, Operation};

impl Page<'_> {
    /// Every example, as it is and as it travels.
    pub(super) fn examples(&self, html: &mut Html, operation: &Operation) {
        html.leaf("h4", &[], "Examples");
        let parts = [
            (true, "Request", &operation.request_examples),
            (false, "Response", &operation.response_examples),
        ];
        for (request, title, examples) in parts {
            for (position, example) in examples.iter().enumerate() {
                let name = ExampleName {
                    operation: operation.name.clone(),
                    request,
                    name: example.name.clone(),
                };
                self.example(html, title, example, &name, position == 0);
            }
        }
    }

    fn example(
        &self,
        html: &mut Html,
        title: &str,
        example: &Example,
        name: &ExampleName,
        open: bool,
    ) {
        let attributes: &[_] = if open { &[("open", "")] } else { &[] };
        html.element("details", attributes, |html| {
            html.element("summary", &[], |html| {
                html.leaf("b", &[], title);
                html.text(" ");
                html.text(&example.summary);
                html.text(" ");
                html.leaf("code", &[], &example.name);
            });
            html.leaf("pre", &[], &codegen::pretty(example));
            if let Some(body) = self.sealed.bodies.get(name) {
                html.leaf("p", &[("class", "label")], "Sealed, as it travels");
                html.leaf("pre", &[("class", "sealed")], body);
            }
        });
    }

    /// The call and the handler, the partner's own side first.
    pub(super) fn rust(&self, html: &mut Html, operation: &Operation) {
        let call = codegen::call_example(self.api, operation);
        let handler = codegen::handler_example(self.api, operation);
        let (call, handler) = (("Call", call), ("Handler", handler));
        let sides = match operation.direction {
            Direction::ToProvider => [call, handler],
            Direction::ToPartner => [handler, call],
        };
        html.leaf("h4", &[], "In Rust");
        for (position, (title, example)) in sides.into_iter().enumerate() {
            let Some(example) = example else { continue };
            let attributes: &[_] = if position == 0 { &[("open", "")] } else { &[] };
            html.element("details", attributes, |html| {
                html.element("summary", &[], |html| {
                    html.leaf("b", &[], title);
                    html.text(match position {
                        0 => " your side",
                        _ => " the other side, for sandboxes and tests",
                    });
                });
                html.leaf("pre", &[], &shown(&example));
            });
        }
    }
}

/// The lines of a documentation example that readers see.
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
