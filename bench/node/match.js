// json-rules-engine over the workload: reads {rules, listings} from standard input, writes seconds and matches.

import { Engine } from "json-rules-engine";
import { readFileSync } from "node:fs";

const { rules, listings } = JSON.parse(readFileSync(0, "utf8"));
const engine = new Engine([], { allowUndefinedFacts: true });
engine.addOperator("missing", (value) => value === undefined);
rules.forEach((conditions, index) => engine.addRule({ conditions, event: { type: String(index) } }));

const found = [];
const started = process.cpuUsage();
for (const listing of listings) {
  const { events } = await engine.run(listing);
  found.push(events.map((event) => Number(event.type)).sort((one, other) => one - other));
}
const used = process.cpuUsage(started);
process.stdout.write(JSON.stringify({ seconds: (used.user + used.system) / 1e6, found }));
