// A minimal app with Bolt for JavaScript: the same job as bolt_baseline.py.
import { readFileSync } from "node:fs";
import bolt from "@slack/bolt";
import { MongoClient } from "mongodb";

const env = process.env;
const form = JSON.parse(readFileSync(env.FORM, "utf8"));
const mongo = new MongoClient(env.MONGODB_URI, { writeConcern: { w: "majority", journal: true } });
await mongo.connect();
const tickets = mongo.db(env.MONGODB_DATABASE).collection("bare_js");

const app = new bolt.App({
  signingSecret: env.SLACK_SIGNING_SECRET,
  processBeforeResponse: true,
  clientOptions: { slackApiUrl: env.SLACK_API_URL, retryConfig: { retries: 0 } },
  logLevel: "error",
  authorize: async () => ({
    botToken: env.SLACK_BOT_TOKEN,
    botId: "B0BENCH",
    botUserId: "U0BENCHBOT",
    teamId: "T0BENCH",
  }),
});
app.command("/ticket", async ({ ack, body, client }) => {
  await client.views.open({ trigger_id: body.trigger_id, view: form });
  await ack();
});
app.view("new_ticket", async ({ ack, body, view }) => {
  const values = view.state.values;
  await tickets.insertOne({
    _id: view.id,
    by: body.user.id,
    title: values.title.value.value,
    description: values.description.value.value,
  });
  await ack();
});
await app.start({ port: Number(env.PORT), host: "127.0.0.1" });
