"""Two accounts, and what the policies of what the one owns let the other do."""

import json

from botocore import UNSIGNED
from botocore.config import Config
from fake_client import client, fails

ONE, TWO = "000000000000", "000000000001"
KEYS = {
    ONE: {"aws_access_key_id": "AKIDONE", "aws_secret_access_key": "one-secret"},
    TWO: {"aws_access_key_id": "AKIDTWO", "aws_secret_access_key": "two-secret"},
}


def of(account, service):
    return client(service, config=Config(s3={"addressing_style": "path"}), **KEYS[account])


def statement(action, resource, principal=None, **rest):
    allow = {"Effect": "Allow", "Principal": principal or {"AWS": TWO}, "Action": action, "Resource": resource}
    return {**allow, **rest}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


assert [of(account, "sts").get_caller_identity()["Account"] for account in [ONE, TWO]] == [ONE, TWO]
with fails("InvalidClientTokenId", 403):
    client("sts", aws_access_key_id="AKIDNONE").get_caller_identity()

# A bucket: what its policy says, by who asks and from where.
s3, guest, nobody = of(ONE, "s3"), of(TWO, "s3"), client("s3", config=Config(signature_version=UNSIGNED))
s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
s3.put_object(Bucket="shop", Key="open/a", Body=b"a")
s3.put_object(Bucket="shop", Key="shut/a", Body=b"a")
with fails("AccessDenied", 403):
    guest.get_object(Bucket="shop", Key="open/a")
with fails("AccessDenied", 403):
    guest.put_bucket_policy(Bucket="shop", Policy=policy(statement("s3:*", "arn:aws:s3:::shop/*")))
s3.put_bucket_policy(
    Bucket="shop",
    Policy=policy(
        statement("s3:GetObject", "arn:aws:s3:::shop/open/*", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
        statement("s3:GetObject", "arn:aws:s3:::shop/shut/*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        statement("s3:ListBucket", "arn:aws:s3:::shop", Condition={"StringLike": {"s3:prefix": "open/*"}}),
        statement("s3:PutObject", "arn:aws:s3:::shop/inbox/${aws:username}/*"),
        statement("s3:PutObject", "arn:aws:s3:::shop/inbox/*", "*", Effect="Deny", Condition={"Null": {"s3:x-amz-acl": "false"}}),
    ),
)
assert guest.get_object(Bucket="shop", Key="open/a")["Body"].read() == b"a"
assert [it["Key"] for it in guest.list_objects_v2(Bucket="shop", Prefix="open/")["Contents"]] == ["open/a"]
guest.put_object(Bucket="shop", Key="inbox/fake/letter", Body=b"b")
for refused in [
    lambda: guest.get_object(Bucket="shop", Key="shut/a"),
    lambda: guest.list_objects_v2(Bucket="shop"),
    lambda: guest.put_object(Bucket="shop", Key="inbox/other/letter", Body=b"b"),
    lambda: s3.put_object(Bucket="shop", Key="inbox/mine", Body=b"b", ACL="bucket-owner-full-control"),
    lambda: nobody.get_object(Bucket="shop", Key="open/a"),
]:
    with fails("AccessDenied", 403):
        refused()
with fails("MalformedPolicy", 400):
    s3.put_bucket_policy(Bucket="shop", Policy="{}")
# A denial of everything to everybody: the owner can take it back, and nothing else.
s3.put_bucket_policy(Bucket="shop", Policy=policy(statement("s3:*", ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"], "*", Effect="Deny")))
with fails("AccessDenied", 403):
    s3.get_object(Bucket="shop", Key="open/a")
s3.delete_bucket_policy(Bucket="shop")
assert s3.get_object(Bucket="shop", Key="open/a")["Body"].read() == b"a"

# A queue.
sqs, guest = of(ONE, "sqs"), of(TWO, "sqs")
url = sqs.create_queue(QueueName="orders")["QueueUrl"]
arn = f"arn:aws:sqs:eu-west-1:{ONE}:orders"
with fails("AccessDeniedException", 403):
    guest.send_message(QueueUrl=url, MessageBody="x")
rules = policy(statement("sqs:SendMessage", arn), statement("sqs:ReceiveMessage", arn, "*", Effect="Deny"))
sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": rules})
guest.send_message(QueueUrl=url, MessageBody="x")
guest.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "y"}])
for account in [sqs, guest]:
    with fails("AccessDeniedException", 403):
        account.receive_message(QueueUrl=url)
sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2
# Of the same name, and another queue.
assert guest.create_queue(QueueName="orders")["QueueUrl"] != url

# A function.
functions, guest = of(ONE, "lambda"), of(TWO, "lambda")
arn = f"arn:aws:lambda:eu-west-1:{ONE}:function:price"
with fails("AccessDeniedException", 403):
    guest.invoke(FunctionName=arn, Payload=b"1")
functions.add_permission(FunctionName="price", StatementId="two", Action="lambda:InvokeFunction", Principal=TWO)
assert json.load(guest.invoke(FunctionName=arn, Payload=b"1")["Payload"]) == 1
with fails("ResourceNotFoundException", 404):
    guest.invoke(FunctionName="price", Payload=b"1")
assert guest.list_functions()["Functions"] == []
