//! Listings as iterators.

use std::iter::FusedIterator;
use std::vec;

use super::{
    BucketListing, BucketPage, Error, ObjectListing, ObjectPage, ObjectSummary, UploadListing, UploadPage,
    VersionListing, VersionPage,
};

/// What yields pages: the listings of objects, versions, uploads and buckets.
pub trait Listing: sealed::Sealed {
    /// What a page holds.
    type Page;

    /// The next page; `None` behind the last one.
    ///
    /// # Errors
    ///
    /// Those of the call of S3. The same page can then be asked for again.
    fn page(&self) -> Result<Option<Self::Page>, Error>;
}

mod sealed {
    /// Only the interface's own listings are some.
    pub trait Sealed {}
}

macro_rules! listing {
    ($listing:ident, $page:ident) => {
        impl sealed::Sealed for $listing {}

        impl Listing for $listing {
            type Page = $page;

            fn page(&self) -> Result<Option<$page>, Error> {
                self.next_page()
            }
        }

        impl $listing {
            /// The pages. Each is asked for when the one before has been used up.
            pub fn pages(self) -> Pages<Self> {
                Pages { listing: Some(self) }
            }
        }
    };
}

listing!(ObjectListing, ObjectPage);
listing!(VersionListing, VersionPage);
listing!(UploadListing, UploadPage);
listing!(BucketListing, BucketPage);

impl ObjectListing {
    /// The objects of all pages. Common prefixes are left out: with a delimiter, use [`ObjectListing::pages`].
    pub fn objects(self) -> Objects {
        Objects { pages: self.pages(), page: Vec::new().into_iter() }
    }
}

/// The pages of a listing, in order. It ends behind the last page or after the first error; to ask for the same page again after an
/// error, call [`ObjectListing::next_page`] instead.
#[derive(Debug)]
pub struct Pages<L = ObjectListing> {
    /// Given up at the end, which also ends the listing at the host.
    listing: Option<L>,
}

impl<L: Listing> Iterator for Pages<L> {
    type Item = Result<L::Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.listing.as_ref()?.page().transpose();
        if !matches!(page, Some(Ok(_))) {
            self.listing = None;
        }
        page
    }
}

impl<L: Listing> FusedIterator for Pages<L> {}

/// The objects of a listing, in the order of the UTF-8 bytes of their keys. It ends behind the last object or after the first error.
#[derive(Debug)]
pub struct Objects {
    pages: Pages,
    /// What is left of the page at hand.
    page: vec::IntoIter<ObjectSummary>,
}

impl Iterator for Objects {
    type Item = Result<ObjectSummary, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(object) = self.page.next() {
                return Some(Ok(object));
            }
            // A page can be empty and be followed by others.
            match self.pages.next()? {
                Ok(page) => self.page = page.objects.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl FusedIterator for Objects {}
