# shellcheck shell=sh disable=SC2154 # lib.sh sets what is not set here
# limits.sh - what limits cost: five at three stages, twenty; a client that is
# over its limit beside one that is not; Redis away beside memory.

bench_limits() {
	start_nothing
	start_sluiced five "$redis_url" "$src/five-limits.rules"
	start_sluiced twenty "$redis_url" "$src/twenty-limits.rules"
	take_turns "nothing five twenty" "1 10"
	for n_messages in 1 10; do
		tell nothing five $n_messages 0.8 0 mark
		tell nothing twenty $n_messages 0 0 mark
	done
	tell_outages five twenty
	stop_filter nothing
	stop_filter five
	stop_filter twenty
}

# Both have the same rules but for the number; what is over is refused at RCPT
# and never asks Redis for two seconds. A few clients, so that all soon are.
bench_over() {
	sed 's/BENCH-MAX/1M/' "$src/one-limit.rules" > "$T/under.rules"
	sed 's/BENCH-MAX/1/' "$src/one-limit.rules" > "$T/over.rules"
	start_sluiced under "$redis_url" "$T/under.rules"
	start_sluiced over "$redis_url" "$T/over.rules"
	many_keys=$keys
	keys=100
	may_refuse=yes
	take_turns "under over" 10
	keys=$many_keys
	may_refuse=
	tell under over 10 1.5 0 mark
	tell_outages under over
	stop_filter under
	stop_filter over
}

# Nobody listens at that port: after a moment the breaker is open.
bench_breaker() {
	start_sluiced memory memory "$src/five-limits.rules"
	start_sluiced away "redis://127.0.0.1:9/0" "$src/five-limits.rules"
	take_turns "memory away" "1 10"
	for n_messages in 1 10; do
		tell memory away $n_messages 0.9 1.3 mark
	done
	stop_filter memory
	stop_filter away
}
