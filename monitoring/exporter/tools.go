//go:build tools

// Package exporter names the tool that scripts/tool builds; go.sum pins what it is made of.
package exporter

import _ "github.com/prometheus-community/yet-another-cloudwatch-exporter/cmd/yace"
