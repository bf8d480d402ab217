//! Listings as iterators.

use std::iter::FusedIterator;
use std::vec;

use super::{AliasListing, Error, FunctionAlias, FunctionConfiguration, FunctionListing};

/// The iterators of a listing: its pages, and what is on them.
macro_rules! listing {
    ($listing:ident, $item:ident, $items_of:ident, $pages:ident, $items:ident, $what:literal) => {
        impl $listing {
            /// The pages. Each is asked for when the one before has been used up.
            pub fn pages(self) -> $pages {
                $pages { listing: Some(self) }
            }

            #[doc = concat!("The ", $what, " of all pages.")]
            pub fn $items_of(self) -> $items {
                $items { pages: self.pages(), page: Vec::new().into_iter() }
            }
        }

        #[doc = concat!("The pages of a listing of ", $what, ", in order. It ends behind the last page or after the first error; to ")]
        #[doc = concat!("ask for the same page again after an error, call [`", stringify!($listing), "::next_page`] instead.")]
        #[derive(Debug)]
        pub struct $pages {
            /// Given up at the end, which also ends the listing at the host.
            listing: Option<$listing>,
        }

        impl Iterator for $pages {
            type Item = Result<Vec<$item>, Error>;

            fn next(&mut self) -> Option<Self::Item> {
                let page = self.listing.as_ref()?.next_page().transpose();
                if !matches!(page, Some(Ok(_))) {
                    self.listing = None;
                }
                page
            }
        }

        impl FusedIterator for $pages {}

        #[doc = concat!("The ", $what, " of a listing. It ends behind the last one or after the first error.")]
        #[derive(Debug)]
        pub struct $items {
            pages: $pages,
            /// What is left of the page at hand.
            page: vec::IntoIter<$item>,
        }

        impl Iterator for $items {
            type Item = Result<$item, Error>;

            fn next(&mut self) -> Option<Self::Item> {
                loop {
                    if let Some(item) = self.page.next() {
                        return Some(Ok(item));
                    }
                    // A page can be empty and be followed by others.
                    match self.pages.next()? {
                        Ok(page) => self.page = page.into_iter(),
                        Err(error) => return Some(Err(error)),
                    }
                }
            }
        }

        impl FusedIterator for $items {}
    };
}

listing!(FunctionListing, FunctionConfiguration, functions, Pages, Functions, "functions or versions");
listing!(AliasListing, FunctionAlias, aliases, AliasPages, Aliases, "aliases");
