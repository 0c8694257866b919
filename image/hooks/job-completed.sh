#!/bin/bash
# Runs as the step "Complete runner" of every job: how long the job took, and what it left on the disk. It must not fail the job.
set +e
started=''
{ read -r started <"${RUNNER_TEMP:-/tmp}/.modal-gha-started"; } 2>/dev/null
echo '::group::modal-gha: resources'
[[ $started =~ ^[0-9]+$ ]] && echo "Duration: $(($(date +%s) - started)) s"
df -h --output=used,avail,pcent,target "${GITHUB_WORKSPACE:-/}" 2>/dev/null | {
  read -r _
  read -r used available percent target && echo "Disk: $used used, $available free ($percent) on $target"
}
echo '::endgroup::'
exit 0
