// Command filebeat is the published Filebeat with its usual inputs, as far as its open part has them, and filestream.
package main

import (
	"os"

	"github.com/elastic/beats/v7/filebeat/beater"
	filebeat "github.com/elastic/beats/v7/filebeat/cmd"
	_ "github.com/elastic/beats/v7/filebeat/include" // the log input, and the fields of the index template
	"github.com/elastic/beats/v7/filebeat/input/filestream"
	input "github.com/elastic/beats/v7/filebeat/input/v2"
	"github.com/elastic/beats/v7/libbeat/beat"
	"github.com/elastic/beats/v7/libbeat/logp"
)

func plugins(_ beat.Info, log *logp.Logger, store beater.StateStore) []input.Plugin {
	return []input.Plugin{filestream.Plugin(log, store)}
}

func main() {
	settings := filebeat.FilebeatSettings()
	if filebeat.Filebeat(plugins, settings).Execute() != nil {
		os.Exit(1)
	}
}
