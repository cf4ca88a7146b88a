// Asks the advisor as the official Node client does: whole and streamed. Prints one JSON line.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.env.RECOUP_TOKEN, maxRetries: 0 });
const messages = [{ role: "user", content: process.argv[3] }];
const models = [];
for await (const model of client.models.list()) models.push(model.id);
const whole = await client.chat.completions.create({ model: "recoup-advisor", messages });
const stream = await client.chat.completions.create({ model: "recoup-advisor", messages, stream: true, stream_options: { include_usage: true } });
let streamed = "", finish = null, usage = null;
for await (const piece of stream) {
  for (const choice of piece.choices) {
    streamed += choice.delta.content ?? "";
    finish = choice.finish_reason ?? finish;
  }
  usage = piece.usage?.total_tokens ?? usage;
}
const refused = await client.chat.completions.create({ model: "another", messages }).then(() => null, (error) => error.constructor.name);
console.log(JSON.stringify({
  models, whole: whole.choices[0].message.content, whole_finish: whole.choices[0].finish_reason, whole_usage: whole.usage.total_tokens,
  streamed, finish, usage, refused,
}));
