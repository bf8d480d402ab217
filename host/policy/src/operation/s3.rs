use crate::{
    action::Action,
    arn::{BucketArn, ObjectKey},
    request::{Context, Request, Resource},
};

/// A call of Amazon S3.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum S3Operation<'a> {
    /// Reads an object, or a range of it.
    GetObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Reads what S3 keeps beside the bytes of an object.
    HeadObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Stores an object.
    PutObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Deletes an object, or puts a delete marker on it.
    DeleteObject {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The object's key.
        key: &'a ObjectKey,
    },
    /// Lists one page of a bucket's objects: `ListObjectsV2`.
    ///
    /// What is `None` here has to be absent from the call as well, since a policy can tell an empty prefix from none.
    ListObjects {
        /// The bucket.
        bucket: &'a BucketArn,
        /// The prefix that is sent.
        prefix: Option<&'a str>,
        /// The delimiter that is sent.
        delimiter: Option<&'a str>,
        /// The page size that is sent.
        max_keys: Option<u32>,
    },
}

impl<'a> S3Operation<'a> {
    /// The operation's name in AWS's API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GetObject { .. } => "GetObject",
            Self::HeadObject { .. } => "HeadObject",
            Self::PutObject { .. } => "PutObject",
            Self::DeleteObject { .. } => "DeleteObject",
            Self::ListObjects { .. } => "ListObjectsV2",
        }
    }

    /// What the operation is done on.
    pub fn resource(&self) -> Resource<'a> {
        match *self {
            Self::GetObject { bucket, key }
            | Self::HeadObject { bucket, key }
            | Self::PutObject { bucket, key }
            | Self::DeleteObject { bucket, key } => Resource::object(bucket, key),
            Self::ListObjects { bucket, .. } => Resource::bucket(bucket),
        }
    }

    /// The table of what each operation needs: its requests, counted from 0, up to the first `None`.
    ///
    /// An operation with two needs has two lines (a copy: 0 reads the source, 1 writes the destination); one with a need per
    /// element takes the element at `index` (a delete of many: the key at `index`).
    pub(super) fn request(&self, index: usize) -> Option<Request<'a>> {
        let (action, resource, context) = match (*self, index) {
            (Self::GetObject { bucket, key } | Self::HeadObject { bucket, key }, 0) => {
                (Action::S3GetObject, Resource::object(bucket, key), Context::default())
            }
            (Self::PutObject { bucket, key }, 0) => {
                (Action::S3PutObject, Resource::object(bucket, key), Context::default())
            }
            (Self::DeleteObject { bucket, key }, 0) => {
                (Action::S3DeleteObject, Resource::object(bucket, key), Context::default())
            }
            (Self::ListObjects { bucket, prefix, delimiter, max_keys }, 0) => (
                Action::S3ListBucket,
                Resource::bucket(bucket),
                Context { prefix, delimiter, max_keys, ..Context::default() },
            ),
            _ => return None,
        };
        Some(Request { action, resource, context })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;

    fn bucket() -> BucketArn {
        "arn:aws-cn:s3:::uploads".parse().unwrap()
    }

    fn needs(operation: S3Operation<'_>) -> Vec<String> {
        let operation = Operation::from(operation);
        operation.requests().map(|request| format!("{} {}", request.action, request.resource)).collect()
    }

    #[test]
    fn an_operation_on_an_object_needs_its_action_on_the_object() {
        let (bucket, key) = (&bucket(), &ObjectKey::new("incoming/a.jpg").unwrap());
        let object = "arn:aws-cn:s3:::uploads/incoming/a.jpg";
        assert_eq!(needs(S3Operation::GetObject { bucket, key }), [format!("s3:GetObject {object}")]);
        assert_eq!(needs(S3Operation::HeadObject { bucket, key }), [format!("s3:GetObject {object}")]);
        assert_eq!(needs(S3Operation::PutObject { bucket, key }), [format!("s3:PutObject {object}")]);
        assert_eq!(needs(S3Operation::DeleteObject { bucket, key }), [format!("s3:DeleteObject {object}")]);
    }

    #[test]
    fn a_listing_needs_its_action_on_the_bucket_and_carries_its_arguments() {
        let bucket = &bucket();
        let operation = S3Operation::ListObjects {
            bucket,
            prefix: Some("incoming/"),
            delimiter: None,
            max_keys: Some(10),
        };
        assert_eq!(needs(operation), ["s3:ListBucket arn:aws-cn:s3:::uploads"]);
        let context = Operation::from(operation).requests().next().unwrap().context;
        assert_eq!(
            (context.prefix, context.delimiter, context.max_keys),
            (Some("incoming/"), None, Some(10))
        );
    }

    #[test]
    fn shows_its_name_and_resource_on_one_line() {
        let (bucket, key) = (&bucket(), &ObjectKey::new("a\n\u{1b}[2Jb").unwrap());
        let operation = Operation::from(S3Operation::GetObject { bucket, key });
        assert_eq!(operation.to_string(), "GetObject arn:aws-cn:s3:::uploads/a\\n\\u{1b}[2Jb");
        let operation = Operation::from(S3Operation::ListObjects {
            bucket,
            prefix: None,
            delimiter: None,
            max_keys: None,
        });
        assert_eq!(operation.to_string(), "ListObjectsV2 arn:aws-cn:s3:::uploads");
        assert_eq!(operation.service(), crate::Service::S3);
    }
}
