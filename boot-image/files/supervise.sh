#!/bin/busybox sh
# Keeps the agent running: restarts it with growing pauses when it ends, and kills it when it does nothing any more.
# An agent that can't be kept running makes the machine reboot. This loop feeds the hardware watchdog, which therefore
# restarts a machine on which the loop has stopped. The variables exist for tests.
: "${FARRIER_RUN:=/run/farrier}" "${FARRIER_WATCHDOG:=/dev/watchdog}"
# Unpacking an image allocates buffers at such a rate that V8 would collect garbage concurrently all the time. Without
# incremental marking it does so rarely, in milliseconds, which saves a sixth of the processor time and of the
# installation's duration.
: "${FARRIER_AGENT:=/opt/farrier/node --no-incremental-marking /opt/farrier/agent.mjs}"
: "${FARRIER_REBOOT:=/bin/busybox reboot -f}"
# In seconds, except FARRIER_DEATHS. The first second may have been only a moment, so FARRIER_SILENCE is extended by one.
: "${FARRIER_POLL:=2}" "${FARRIER_DEATHS:=8}" "${FARRIER_GOOD_RUN:=600}" "${FARRIER_SILENCE:=300}" "${FARRIER_DELAY:=1}"

say() {
  echo "farrier-supervise: $*"
}

seconds() {
  cut -d . -f 1 /proc/uptime
}

watchdog=no
# By `command`: a failed `exec` alone would end this shell, and with it the machine.
if [ -c "$FARRIER_WATCHDOG" ] && command exec 9> "$FARRIER_WATCHDOG"; then
  watchdog=yes
  say "feeding $FARRIER_WATCHDOG"
fi

deaths=0
delay=$FARRIER_DELAY
while :; do
  started=$(seconds)
  rm -f "$FARRIER_RUN/alive"
  # shellcheck disable=SC2086 # it is a program and its arguments
  $FARRIER_AGENT 9>&- &
  agent=$!
  said=""
  heard=$started
  while kill -0 "$agent" 2> /dev/null; do
    [ "$watchdog" = yes ] && echo >&9
    # The agent counts up in this file for as long as it does anything.
    now_says=$(cat "$FARRIER_RUN/alive" 2> /dev/null)
    if [ "$now_says" != "$said" ]; then
      said=$now_says
      heard=$(seconds)
    elif [ $(($(seconds) - heard)) -gt "$FARRIER_SILENCE" ]; then
      say "the agent has done nothing for $FARRIER_SILENCE s: killing it"
      kill -9 "$agent"
      break
    fi
    sleep "$FARRIER_POLL"
  done
  wait "$agent"
  status=$?
  lasted=$(($(seconds) - started))
  if [ "$lasted" -ge "$FARRIER_GOOD_RUN" ]; then
    deaths=0
    delay=$FARRIER_DELAY
  fi
  deaths=$((deaths + 1))
  say "the agent ended with status $status after $lasted s ($deaths in a row)"
  if [ "$deaths" -ge "$FARRIER_DEATHS" ]; then
    say "the agent can't be kept up: restarting the machine"
    sync
    $FARRIER_REBOOT
    exit 1
  fi
  sleep "$delay"
  [ "$watchdog" = yes ] && echo >&9
  delay=$((delay * 2))
  [ "$delay" -gt 30 ] && delay=30
done
