// Reads one message in base64 per line and says in JSON what nsyslog-parser makes of it.
const parse = require("nsyslog-parser");
const lines = require("fs").readFileSync(0, "latin1").split("\n").filter(Boolean);
for (const line of lines) {
  const read = parse(Buffer.from(line, "base64").toString("utf8"));
  console.log(JSON.stringify({ pri: read.prival, host: read.host, type: read.type, cef: read.cef, leef: read.leef, fields: read.fields }));
}
