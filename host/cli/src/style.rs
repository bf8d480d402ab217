//! Colours. What is written goes through `anstream`, which takes them out where there is no terminal, or where `NO_COLOR`
//! says so.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// `error:`
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// `warning:`
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// `help:`
pub(crate) const HELP: Style = AnsiColor::Cyan.on_default().bold();
/// Titles.
pub(crate) const TITLE: Style = Style::new().bold();
/// What was added, what succeeded.
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
/// What was changed.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// What was removed, denied, or failed.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// What matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Something in a style.
pub(crate) fn styled(style: Style, what: impl fmt::Display) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{style}{what}{style:#}"))
}
