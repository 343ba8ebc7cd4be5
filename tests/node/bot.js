// A small app on @slack/bolt. Its settings come from the environment; it prints one JSON line for each thing it saw.
const { App } = require("@slack/bolt");

const socketMode = !process.env.PORT;
const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  socketMode,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});
const saw = (what, data) => console.log(JSON.stringify({ what, data }));
const plain = (text) => ({ type: "plain_text", text });

app.command("/ft", async ({ ack, command, client, respond }) => {
  await ack();
  saw("command", command.text);
  await client.views.open({
    trigger_id: command.trigger_id,
    view: {
      type: "modal",
      callback_id: "train",
      title: plain("Train"),
      submit: plain("Go"),
      blocks: [{ type: "input", block_id: "name", label: plain("Name"), element: { type: "plain_text_input", action_id: "text" } }],
    },
  });
  await respond({ text: "opened", response_type: "ephemeral" });
});

app.view("train", async ({ ack, view, client }) => {
  await ack();
  const name = view.state.values.name.text.value;
  const button = { type: "button", action_id: "press", text: plain("Press"), value: name };
  await client.chat.postMessage({ channel: "C0GENERAL1", text: name, blocks: [{ type: "actions", elements: [button] }] });
});

app.action("press", async ({ ack, action, respond }) => {
  await ack();
  saw("press", action.value);
  await respond({ text: "pressed", replace_original: true });
});

app.message("hello", async ({ message, say }) => {
  saw("message", message.text);
  await say({ text: "hello yourself", thread_ts: message.ts });
});

app.event("file_shared", async ({ event, client }) => {
  const { file } = await client.files.info({ file: event.file_id });
  // its own report is a shared file too
  if (file.name === "report.txt") return;
  saw("file", file.name);
  await client.filesUploadV2({ channel_id: event.channel_id, content: "a report", filename: "report.txt" });
});

app.start(Number(process.env.PORT) || undefined).then(() => saw("ready", socketMode));
