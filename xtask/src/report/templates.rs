//! The templates of reports about an edit, in `xtask/templates`.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, Value};

use super::text::{code, counted, escaped, paragraph};

/// Embeds templates by name.
macro_rules! templates {
    ($($name:literal,)*) => {
        [$(($name, include_str!(concat!("../../templates/", $name, ".jinja")))),*]
    };
}

/// Renders a report by its template.
pub(crate) fn rendered(name: &str, context: Value) -> Result<String, String> {
    let text = environment().and_then(|templates| templates.get_template(name)?.render(context));
    text.map_err(|error| format!("a template cannot be filled: {error:#}"))
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut templates = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    templates.set_syntax(syntax.keep_trailing_newline(true).build()?);
    templates.add_filter("code", |text: &str| code(text));
    templates.add_filter("counted", |count, what: &str| counted(count, what));
    templates.add_filter("escaped", |text: &str| escaped(text));
    templates.add_filter("paragraph", |text: &str| {
        paragraph(text).trim_end().to_owned()
    });
    for (name, source) in templates![
        "change.txt",
        "changes.md",
        "diff.txt",
        "headline",
        "review.md",
        "review.txt",
        "sentences",
    ] {
        templates.add_template(name, source)?;
    }
    Ok(templates)
}
