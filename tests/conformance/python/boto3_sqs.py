"""The whole life of a message, in the protocol that the second argument names."""

import hashlib
import json
import sys

from fake_client import client, fails, query_client

QUERY = sys.argv[2] == "query"
sqs = query_client() if QUERY else client("sqs")

# A queue, and one for what nobody could handle.
dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
queue = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30", "RedrivePolicy": redrive})["QueueUrl"]
assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == queue
assert sorted(sqs.list_queues()["QueueUrls"]) == sorted([dead, queue])
with fails("QueueAlreadyExists"):
    sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "31"})
with fails("AWS.SimpleQueueService.NonExistentQueue") as failed:
    sqs.get_queue_url(QueueName="none")
if QUERY:
    assert failed.error["Message"] == "The specified queue does not exist for this wsdl version.", failed.error
else:
    assert failed.error["QueryErrorCode"] == "QueueDoesNotExist", failed.error

# Sent, with an attribute; botocore checks nothing, so the digests are checked here.
attributes = {"kind": {"DataType": "String", "StringValue": "order"}, "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"}}
sent = sqs.send_message(QueueUrl=queue, MessageBody="grüße", MessageAttributes=attributes)
assert sent["MD5OfMessageBody"] == hashlib.md5("grüße".encode()).hexdigest()


def depth(url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def receive(url, **options):
    return sqs.receive_message(QueueUrl=url, **options).get("Messages", [])


# Received: in flight, and for nobody else.
assert depth(queue) == (1, 0)
[message] = receive(queue, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
assert message["Body"] == "grüße" and message["MessageId"] == sent["MessageId"]
assert message["MessageAttributes"] == attributes, message
assert message["Attributes"]["ApproximateReceiveCount"] == "1"
assert depth(queue) == (0, 1) and receive(queue) == []

# Released, received again with another handle, extended, and deleted.
sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
[again] = receive(queue, MessageSystemAttributeNames=["ApproximateReceiveCount"])
assert again["ReceiptHandle"] != message["ReceiptHandle"]
assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=60)
sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
assert depth(queue) == (0, 0)
with fails("ReceiptHandleIsInvalid", 404):
    sqs.delete_message(QueueUrl=queue, ReceiptHandle="none")

# One that nobody can handle ends in the other queue, and is moved back.
sqs.send_message(QueueUrl=queue, MessageBody="bad")
for _ in range(2):
    [message] = receive(queue, VisibilityTimeout=0)
assert receive(queue) == []
[message] = receive(dead, MessageSystemAttributeNames=["DeadLetterQueueSourceArn"], VisibilityTimeout=0)
assert message["Body"] == "bad" and message["Attributes"]["DeadLetterQueueSourceArn"].endswith(":orders")
assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]
assert sqs.start_message_move_task(SourceArn=dead_arn)["TaskHandle"]
[message] = receive(queue, WaitTimeSeconds=5)
assert message["Body"] == "bad"
[task] = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1), task
sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

# In batches, of which a part may fail.
entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(10)]
assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 10
with fails("AWS.SimpleQueueService.TooManyEntriesInBatchRequest"):
    sqs.send_message_batch(QueueUrl=queue, Entries=entries + [{"Id": "10", "MessageBody": "m"}])
messages = receive(queue, MaxNumberOfMessages=10)
assert len(messages) == 10
entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
entries[0]["ReceiptHandle"] = "none"
deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
assert len(deleted["Successful"]) == 9 and [e["Code"] for e in deleted["Failed"]] == ["ReceiptHandleIsInvalid"], deleted

# Kept longer, all at once.
sqs.send_message(QueueUrl=queue, MessageBody="last")
[last] = receive(queue)
changed = sqs.change_message_visibility_batch(
    QueueUrl=queue,
    Entries=[
        {"Id": "good", "ReceiptHandle": last["ReceiptHandle"], "VisibilityTimeout": 600},
        {"Id": "bad", "ReceiptHandle": "none", "VisibilityTimeout": 600},
    ],
)
assert [entry["Id"] for entry in changed["Successful"]] == ["good"], changed
assert [(entry["Id"], entry["Code"]) for entry in changed["Failed"]] == [("bad", "ReceiptHandleIsInvalid")], changed

# With other settings, which are then the queue's.
sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "45", "RedrivePolicy": ""})
settings = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
assert settings["VisibilityTimeout"] == "45" and "RedrivePolicy" not in settings, settings
with fails("InvalidAttributeValue"):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "43201"})

# In order, and once.
fifo = sqs.create_queue(QueueName="steps.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
first = sqs.send_message(QueueUrl=fifo, MessageBody="a", MessageGroupId="g", MessageDeduplicationId="1")
twice = sqs.send_message(QueueUrl=fifo, MessageBody="a", MessageGroupId="g", MessageDeduplicationId="1")
assert first["MessageId"] == twice["MessageId"]
second = sqs.send_message(QueueUrl=fifo, MessageBody="b", MessageGroupId="g", MessageDeduplicationId="2")
assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])
[message] = receive(fifo)
assert message["Body"] == "a" and receive(fifo) == [], "the group is locked"
sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
[message] = receive(fifo)
assert message["Body"] == "b"
with fails("InvalidParameterValue"):
    sqs.send_message(QueueUrl=fifo, MessageBody="c", MessageGroupId="g", MessageDeduplicationId="3", DelaySeconds=1)

# Others may be let in, one label at a time.
sqs.add_permission(QueueUrl=queue, Label="partner", AWSAccountIds=["111111111111"], Actions=["SendMessage"])
policy = json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"])
assert [statement["Sid"] for statement in policy["Statement"]] == ["partner"], policy
sqs.remove_permission(QueueUrl=queue, Label="partner")
assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])

# Tags, and the end of it.
sqs.tag_queue(QueueUrl=queue, Tags={"team": "sales"})
assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "sales"}
sqs.untag_queue(QueueUrl=queue, TagKeys=["team", "none"])
assert not sqs.list_queue_tags(QueueUrl=queue).get("Tags")
sqs.purge_queue(QueueUrl=queue)
with fails("AWS.SimpleQueueService.PurgeQueueInProgress", 403):
    sqs.purge_queue(QueueUrl=queue)
sqs.delete_queue(QueueUrl=queue)
with fails("AWS.SimpleQueueService.NonExistentQueue"):
    sqs.send_message(QueueUrl=queue, MessageBody="late")
with fails("AWS.SimpleQueueService.QueueDeletedRecently"):
    sqs.create_queue(QueueName="orders")
