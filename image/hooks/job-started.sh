#!/bin/bash
# Runs as the step "Set up runner" of every job: says, in its log, which job this machine is for. It must not fail the job.
set +e
echo "::group::modal-gha: ${GITHUB_REPOSITORY:-?} run ${GITHUB_RUN_ID:-?} attempt ${GITHUB_RUN_ATTEMPT:-?}"
printf '%s: %s\n' Repository "${GITHUB_REPOSITORY:-}" Run "${GITHUB_RUN_ID:-}" Attempt "${GITHUB_RUN_ATTEMPT:-}" \
  Job "${GITHUB_JOB:-}" Runner "${RUNNER_NAME:-}"
echo '::endgroup::'
{ date +%s >"${RUNNER_TEMP:-/tmp}/.modal-gha-started"; } 2>/dev/null
exit 0
