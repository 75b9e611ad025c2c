// Reads one message in base64 per line, with "5424 " or "3164 " in front, and says in JSON what it holds.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"

	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		kind, text, _ := strings.Cut(lines.Text(), " ")
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(err)
		}
		answer := map[string]any{}
		if kind == "3164" {
			parsed, err := rfc3164.NewParser(rfc3164.WithYear(rfc3164.CurrentYear{})).Parse(data)
			if err != nil {
				answer["error"] = err.Error()
			} else {
				m := parsed.(*rfc3164.SyslogMessage)
				answer = map[string]any{"pri": m.Priority, "host": m.Hostname, "app": m.Appname, "pid": m.ProcID, "msg": m.Message}
			}
		} else {
			parsed, err := rfc5424.NewParser().Parse(data)
			if err != nil {
				answer["error"] = err.Error()
			} else {
				m := parsed.(*rfc5424.SyslogMessage)
				answer = map[string]any{"pri": m.Priority, "host": m.Hostname, "app": m.Appname, "pid": m.ProcID, "msgid": m.MsgID, "sd": m.StructuredData, "msg": m.Message}
			}
		}
		if err := out.Encode(answer); err != nil {
			panic(err)
		}
	}
}
