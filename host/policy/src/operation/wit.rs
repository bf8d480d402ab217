//! Which actions the functions of the WIT package come to, so that a component's imports can be held against its grants.

use crate::action::Action;

/// A function of the WIT package `innkeeper:aws`, and the actions of the operations that it is carried out with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WitFunction {
    /// The interface: `s3`.
    pub interface: &'static str,
    /// The function in WIT's words: `bucket.get-object`.
    pub name: &'static str,
    /// The actions that each call needs. Empty for a function that asks nothing of AWS.
    pub needs: &'static [Action],
    /// The actions that a call needs, or makes a difference by having, with some arguments only.
    pub may_need: &'static [Action],
}

impl WitFunction {
    /// The function of this name in an interface, or `None` for one that is not in the table.
    pub fn find(interface: &str, name: &str) -> Option<&'static Self> {
        WIT_FUNCTIONS.iter().find(|function| function.interface == interface && function.name == name)
    }
}

macro_rules! functions {
    ($($interface:literal { $($name:literal needs [$($need:ident),*] may need [$($may:ident),*],)* })*) => {
        /// The table of all functions.
        pub const WIT_FUNCTIONS: &[WitFunction] = &[$($(WitFunction {
            interface: $interface,
            name: $name,
            needs: &[$(Action::$need),*],
            may_need: &[$(Action::$may),*],
        },)*)*];
    };
}

// Whether a key that is missing is told as such is for `s3:ListBucket` to say.
functions! {
    "s3" {
        "stream-error" needs [] may need [],
        "bucket.open" needs [] may need [],
        "list-buckets" needs [S3ListAllMyBuckets] may need [],
        "bucket.get-object" needs [S3GetObject] may need [S3GetObjectVersion, S3ListBucket],
        "bucket.read-object" needs [S3GetObject] may need [S3GetObjectVersion, S3ListBucket],
        "bucket.head-object" needs [S3GetObject] may need [S3GetObjectVersion, S3ListBucket],
        "bucket.put-object" needs [S3PutObject] may need [S3PutObjectTagging, S3ListBucket],
        "bucket.delete-object" needs [S3DeleteObject] may need [S3DeleteObjectVersion, S3ListBucket],
        "bucket.delete-objects" needs [S3DeleteObject] may need [S3DeleteObjectVersion, S3ListBucket],
        "bucket.copy-object" needs [S3GetObject, S3PutObject] may need [
            S3GetObjectVersion, S3GetObjectTagging, S3GetObjectVersionTagging, S3PutObjectTagging, S3AbortMultipartUpload,
            S3ListBucket
        ],
        "bucket.get-object-tags" needs [S3GetObjectTagging] may need [S3GetObjectVersionTagging, S3ListBucket],
        "bucket.set-object-tags" needs [S3PutObjectTagging] may need [S3PutObjectVersionTagging, S3ListBucket],
        "bucket.delete-object-tags" needs [S3DeleteObjectTagging] may need [S3DeleteObjectVersionTagging, S3ListBucket],
        "bucket.get-object-attributes" needs [S3GetObject, S3GetObjectAttributes] may need [
            S3GetObjectVersion, S3GetObjectVersionAttributes, S3ListBucket
        ],
        "bucket.restore-object" needs [S3RestoreObject] may need [S3ListBucket],
        "bucket.wait-for-object" needs [S3GetObject] may need [S3ListBucket],
        "bucket.presign-get-object" needs [S3GetObject] may need [S3GetObjectVersion],
        "bucket.presign-put-object" needs [S3PutObject] may need [S3PutObjectTagging],
        "bucket.create" needs [S3CreateBucket] may need [],
        "bucket.delete" needs [S3DeleteBucket] may need [],
        "bucket.status" needs [S3ListBucket] may need [],
        "bucket.location" needs [S3GetBucketLocation] may need [],
        "bucket.wait" needs [S3ListBucket] may need [],
        "bucket.upload-object" needs [S3PutObject] may need [S3PutObjectTagging, S3AbortMultipartUpload],
        "bucket.abort-upload" needs [S3AbortMultipartUpload] may need [S3ListMultipartUploadParts],
        "bucket.list-objects" needs [S3ListBucket] may need [],
        "bucket.list-object-versions" needs [S3ListBucketVersions] may need [],
        "bucket.list-uploads" needs [S3ListBucketMultipartUploads] may need [],
        "upload.body" needs [] may need [],
        "upload.finish" needs [S3PutObject] may need [S3AbortMultipartUpload, S3ListMultipartUploadParts],
        "upload.abort" needs [] may need [S3PutObject, S3AbortMultipartUpload],
        "object-listing.next-page" needs [S3ListBucket] may need [],
        "object-listing.continuation-token" needs [] may need [],
        "version-listing.next-page" needs [S3ListBucketVersions] may need [],
        "version-listing.continuation-token" needs [] may need [],
        "upload-listing.next-page" needs [S3ListBucketMultipartUploads] may need [],
        "upload-listing.continuation-token" needs [] may need [],
        "bucket-listing.next-page" needs [S3ListAllMyBuckets] may need [],
        "bucket-listing.continuation-token" needs [] may need [],
    }
    "sqs" {
        "list-queues" needs [SqsListQueues] may need [],
        "queue.open" needs [] may need [SqsGetQueueUrl],
        "queue.create" needs [SqsCreateQueue] may need [SqsTagQueue, SqsSendMessage],
        "queue.name" needs [] may need [],
        "queue.is-fifo" needs [] may need [],
        "queue.send-message" needs [SqsSendMessage] may need [SqsGetQueueUrl],
        "queue.send-messages" needs [SqsSendMessage] may need [SqsGetQueueUrl],
        "queue.receive-messages" needs [SqsReceiveMessage] may need [SqsGetQueueUrl],
        "queue.delete-messages" needs [SqsDeleteMessage] may need [SqsGetQueueUrl],
        "queue.change-visibility" needs [SqsChangeMessageVisibility] may need [SqsGetQueueUrl],
        "queue.get-attributes" needs [SqsGetQueueAttributes] may need [SqsGetQueueUrl],
        "queue.set-attributes" needs [SqsSetQueueAttributes] may need [SqsGetQueueUrl, SqsSendMessage],
        "queue.purge" needs [SqsPurgeQueue] may need [SqsGetQueueUrl],
        "queue.delete" needs [SqsDeleteQueue] may need [SqsGetQueueUrl],
        "queue.list-dead-letter-sources" needs [SqsListDeadLetterSourceQueues] may need [SqsGetQueueUrl],
        "queue.start-message-move-task"
            needs [SqsStartMessageMoveTask, SqsReceiveMessage, SqsDeleteMessage, SqsGetQueueAttributes]
            may need [SqsSendMessage, SqsGetQueueUrl],
        "queue.list-message-move-tasks" needs [SqsListMessageMoveTasks] may need [SqsGetQueueUrl],
        "queue.list-tags" needs [SqsListQueueTags] may need [SqsGetQueueUrl],
        "queue.tag" needs [SqsTagQueue] may need [SqsGetQueueUrl],
        "queue.untag" needs [SqsUntagQueue] may need [SqsGetQueueUrl],
        "message.delete" needs [SqsDeleteMessage] may need [],
        "message.extend" needs [SqsChangeMessageVisibility] may need [],
        "message.release" needs [SqsChangeMessageVisibility] may need [],
        "queue-listing.next-page" needs [] may need [SqsListQueues, SqsListDeadLetterSourceQueues],
        "move-task.cancel" needs [SqsCancelMessageMoveTask] may need [],
    }
    "lambda" {
        "stream-error" needs [] may need [],
        "list-functions" needs [LambdaListFunctions] may need [],
        "function.open" needs [] may need [],
        "function.invoke" needs [LambdaInvokeFunction] may need [],
        "function.invoke-async" needs [LambdaInvokeFunction] may need [],
        "function.dry-run" needs [LambdaInvokeFunction] may need [],
        "function.invoke-with-response-stream" needs [LambdaInvokeFunction] may need [],
        "function.get-configuration" needs [LambdaGetFunctionConfiguration] may need [],
        "function.status" needs [LambdaGetFunctionConfiguration] may need [],
        "function.wait-until-active" needs [LambdaGetFunctionConfiguration] may need [],
        "function.list-versions" needs [LambdaListVersionsByFunction] may need [],
        "function.list-aliases" needs [LambdaListAliases] may need [],
        "function-listing.next-page" needs [] may need [LambdaListFunctions, LambdaListVersionsByFunction],
        "alias-listing.next-page" needs [LambdaListAliases] may need [],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_stands_once_and_needs_actions_of_its_service() {
        for (index, function) in WIT_FUNCTIONS.iter().enumerate() {
            let again = WIT_FUNCTIONS
                .iter()
                .skip(index + 1)
                .any(|other| (other.interface, other.name) == (function.interface, function.name));
            assert!(!again, "{}.{}", function.interface, function.name);
            for action in function.needs.iter().chain(function.may_need) {
                assert_eq!(action.service().as_str(), function.interface, "{action}");
            }
        }
        assert_eq!(WitFunction::find("s3", "bucket.get-object").unwrap().needs, [Action::S3GetObject]);
        assert!(WitFunction::find("s3", "bucket.fly").is_none());
    }
}
