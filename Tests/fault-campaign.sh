#!/bin/sh
# A thousand seeded downloads through misbehaving proxies: sh Tests/fault-campaign.sh [RUNS [FIRST SEED]]
#
# Each has to end in the right files, or in an error and no folder; `swift test` runs some 200 of them. Shows a summary by kind of
# server. Needs what Tests/run.sh makes.
set -eu
cd "$(dirname "$0")/.."

SKIFF_TEST_CAMPAIGN_RUNS=${1:-1000}
SKIFF_TEST_CAMPAIGN_SEED=${2:-1}
PYTHONDONTWRITEBYTECODE=1
export SKIFF_TEST_CAMPAIGN_RUNS SKIFF_TEST_CAMPAIGN_SEED PYTHONDONTWRITEBYTECODE
exec swift test --disable-xctest --filter FaultCampaignTests
