"""Asks the advisor as the official Python client does: whole, streamed, with a function. Prints one JSON line."""
import json
import os
import sys

from openai import OpenAI

client = OpenAI(base_url=sys.argv[1], api_key=os.environ["RECOUP_TOKEN"], max_retries=0)
question = [{"role": "user", "content": sys.argv[2]}]
models = [model.id for model in client.models.list()]
whole = client.chat.completions.create(model="recoup-advisor", messages=question)
text, finish, usage = "", None, None
for piece in client.chat.completions.create(
    model="recoup-advisor", messages=question, stream=True, stream_options={"include_usage": True}
):
    for choice in piece.choices:
        text += choice.delta.content or ""
        finish = choice.finish_reason or finish
    if piece.usage:
        usage = piece.usage.total_tokens
try:
    client.chat.completions.create(model="another", messages=question)
    refused = None
except Exception as error:
    refused = type(error).__name__
print(
    json.dumps(
        {
            "models": models,
            "whole": whole.choices[0].message.content,
            "whole_finish": whole.choices[0].finish_reason,
            "whole_usage": whole.usage.total_tokens,
            "streamed": text,
            "finish": finish,
            "usage": usage,
            "refused": refused,
        }
    )
)
