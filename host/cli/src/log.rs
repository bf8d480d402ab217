//! `-v`, `--log`: what is logged to standard error.

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::exit::Exit;
use crate::failure::Failure;

/// What crates log of what passes through them, bodies, headers, tokens, signatures and the text that those are made of, begins
/// behind this level.
const MOST: &[(&str, LevelFilter)] = &[
    ("aws_", LevelFilter::DEBUG),
    ("h2", LevelFilter::DEBUG),
    ("hyper", LevelFilter::DEBUG),
    ("rustls", LevelFilter::DEBUG),
    // Each request as a whole, at debug level.
    ("s3s", LevelFilter::WARN),
];

/// The options of all commands about the log.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Log")]
pub(crate) struct Options {
    /// Log more: -v what the host does, -vv each decision and call
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,

    /// Log what a filter chooses, such as `innkeeper=debug,aws_config=info`
    ///
    /// The filter is one of tracing-subscriber: levels by module. The log goes to standard error. What the AWS SDK and its
    /// transport log at trace level holds the bodies of requests and is never shown, nor is what the fake's S3 library logs below
    /// warnings.
    #[arg(long, value_name = "FILTER", env = "INNKEEPER_LOG", global = true, hide_env_values = true)]
    log: Option<String>,
}

impl Options {
    /// Begins to log.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(self.filter()).map_err(|error| {
            Failure::doing(Exit::Usage, format!("`{}` is no log filter", self.filter()), &error).with_help(
                "a filter is a list of levels by module, such as `innkeeper=debug,aws_config=info`",
            )
        })?;
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never);
        tracing_subscriber::registry().with(layer.with_filter(filter.and(filter_fn(may_be_shown)))).init();
        Ok(())
    }

    /// What the fake's S3 library takes for an error of its own is one of a client, which has its answer.
    fn filter(&self) -> &str {
        match (&self.log, self.verbose) {
            (Some(filter), _) => filter,
            (None, 0) => "warn,s3s=off",
            (None, 1) => "warn,s3s=off,innkeeper=info,innkeeper_aws=info,innkeeper_fake=info",
            (None, _) => "info,innkeeper=debug,innkeeper_aws=debug,innkeeper_fake=debug",
        }
    }
}

fn may_be_shown(event: &Metadata<'_>) -> bool {
    let most = MOST.iter().find(|(name, _)| event.target().starts_with(name));
    most.is_none_or(|(_, most)| event.level() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(verbose: u8, log: Option<&str>) -> String {
        Options { verbose, log: log.map(str::to_owned) }.filter().to_owned()
    }

    #[test]
    fn every_filter_of_ours_can_be_read() {
        for verbose in 0..4 {
            EnvFilter::try_new(filter(verbose, None)).unwrap();
        }
        assert_eq!(filter(2, Some("off")), "off");
    }
}
