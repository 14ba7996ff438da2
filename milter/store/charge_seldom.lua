-- charge_seldom.lua: the part of charge.lua that most calls do not need: days
-- and months, grants and locks, sets of values, giving back and looking up. It
-- stands where charge.lua includes it, within a function.

-- Days and months.
function make_calendar()
	local SPANS = ' (%S+) (%d+) (%S+) (%d+) (%S+) (%d+) (%d+)'
	local self = {}

	-- The present one: its label, begin and end, and the label and end of
	-- the next. ARGV[2] has three of each kind, as the caller's clock knows
	-- them; which of these is the present one is decided here.
	function self.span(period)
		local before, from, this, begin, after, ends, last =
			match(ARGV[2], period .. SPANS)
		if now >= ends * 1000 then
			return after, ends * 1000, last * 1000
		elseif now >= begin * 1000 then
			return this, begin * 1000, ends * 1000, after,
				last * 1000
		end
		return before, from * 1000, begin * 1000, this, ends * 1000
	end

	-- As look. A label that is the next one is a clock that was set back a
	-- little; the counts of a later one are kept under the present label.
	function self.look(view, text, period)
		local label, _, ends, after, after_ends = self.span(period)
		local used, max, there
		if text then
			used, max, there = match(text, SPAN)
		end
		view.ms, view.is_new = false, true
		view.used, view.label, view.ends = 0, label, ends
		if there and #there == #label and tonumber(used) <= MAX and
				tonumber(max) <= MAX and there >= label then
			view.used = tonumber(used)
			view.is_new = there ~= label
			if there == after then
				view.label, view.ends = after, after_ends
			end
		end
	end

	return self
end

-- Grants and locks.
function make_holder()
	local self = {}
	local made = {} -- until when the locks last that this run has made

	-- bound * milli / 1000, rounded down, exact below 2^53.
	local function times(bound, milli)
		local rest = math.fmod(bound, 1000)
		return math.min(MAX, (bound - rest) / 1000 * milli +
			floor(rest * milli / 1000))
	end

	local function multiplied(first, whole, part)
		local milli = whole * 1000 + string.sub(part .. '000', 1, 3)
		local rates = {}
		for i = 1, 3 * ARGV[first + 2] do
			rates[i] = ARGV[first + 3 + i]
			if i % 3 == 2 then
				rates[i] = tostring(digits(times(
					tonumber(rates[i]), milli)))
			end
		end
		return rates
	end

	-- "1h" as its shortest text and its seconds; nil if it is not that.
	local function read_window(text)
		local UNITS = { 'w', 604800, 'd', 86400, 'h', 3600, 'm', 60,
			's', 1 }
		if text == 'daily' or text == 'monthly' then
			return text, text
		end
		local number, unit = match(text, '^(%d+)([smhdw])$')
		local seconds = 0
		for i = 1, number and #UNITS or 0, 2 do
			if UNITS[i] == unit then
				seconds = number * UNITS[i + 1]
			end
		end
		if seconds < 1 or seconds > 316224000 then
			return nil
		end
		for i = 1, #UNITS, 2 do
			if seconds % UNITS[i + 1] == 0 then
				return seconds / UNITS[i + 1] .. UNITS[i],
					seconds
			end
		end
	end

	-- "40/1m,2000/daily" as FIELD BOUND WINDOW each; nil if it is not that.
	local function listed(what, unit)
		local rates, seen = {}, {}
		for one in string.gmatch(what .. ',', '([^,]*),') do
			local max, text = match(one, '^(%d+)/(%w+)$')
			local name, window = read_window(text or '')
			if not name or tonumber(max) > MAX or seen[window] or
					#rates == 24 then
				return nil
			end
			seen[window] = true
			rates[#rates + 1] = unit .. '.' .. name
			rates[#rates + 1] = tostring(digits(tonumber(max)))
			rates[#rates + 1] = window
		end
		return rates
	end

	-- Lets a grant in force take the place of the rates: the item is then
	-- a copy at the end of ARGV. What does not look like a grant is none.
	local function grant(hold, text, first)
		local what, ends = match(text, '^(%S+) until=(%d+)')
		if not what or ends * 1000 <= now then
			return first
		end
		if what == 'unlimited' then
			hold.is_granted, hold.is_unlimited = true, true
			return first
		end
		local whole, part = match(what, '^x(%d+)%.?(%d*)$')
		local rates
		if not whole then
			rates = listed(what, match(ARGV[first + 4], '^(.*)%.'))
		elseif #whole <= 7 and #part <= 3 then
			rates = multiplied(first, whole, part)
		end
		if not rates then
			return first
		end
		hold.is_granted = true
		local copy = #ARGV + 1
		for i = 0, 3 do
			ARGV[copy + i] = ARGV[first + i]
		end
		ARGV[copy + 2] = #rates / 3
		for i = 1, #rates do
			ARGV[copy + 3 + i] = rates[i]
		end
		return copy
	end

	-- What holds the item at `first` beside its rates, and where it is now.
	-- more: where the words behind its rates are.
	function self.hold(first, grant_text, more, lock_key, lock_text)
		local hold = { locked_ms = 0, lock_sec = 0 }
		if more then
			local ends = made[lock_key] or
				(lock_text and match(lock_text, '^until=(%d+)'))
			hold.lock_key = lock_key
			hold.lock_sec, hold.by = tonumber(ARGV[more]),
				ARGV[more + 1]
			hold.is_unlimited = ARGV[more + 2] == '1'
			if hold.lock_sec > 0 and ends and ends * 1000 > now then
				hold.locked_ms = ends * 1000 - now
			end
		end
		if grant_text then
			first = grant(hold, grant_text, first)
		end
		if hold.is_unlimited then
			hold.locked_ms, hold.lock_sec = 0, 0
		end
		return hold, first
	end

	-- Whether it fits after all, and the lock that follows if it does not:
	-- the rate at `a` would have been used so much.
	function self.judge(hold, fits, a, used)
		if hold.is_unlimited or hold.locked_ms > 0 then
			return hold.is_unlimited
		elseif not fits and hold.lock_sec > 0 then
			local ends = math.ceil(now / 1000) + hold.lock_sec
			local unit, window = match(ARGV[a], '^(.*)%.([^.]*)$')
			if window ~= 'daily' and window ~= 'monthly' then
				window = 'in ' .. window
			end
			hold.has_locked = true
			hold.locked_ms = ends * 1000 - now
			made[hold.lock_key] = ends
			call('SET', hold.lock_key, string.format(
				'until=%.0f reason="%.0f of %s %s %s" by=%s',
				ends, math.min(MAX, used), ARGV[a + 1], unit,
				window, hold.by),
				'PX', digits(hold.locked_ms + SLACK))
		end
		return fits
	end

	-- What stands before the fields of an answer, and behind each.
	function self.tell(hold, fits, n)
		answer[n_answers + 1] = fits and 3 or 2
		answer[n_answers + 2] = (hold.is_granted and 1 or 0) +
			(hold.is_unlimited and 2 or 0) +
			(hold.has_locked and 4 or 0)
		answer[n_answers + 3] = hold.locked_ms
		answer[n_answers + 4] = n
		n_answers = n_answers + 4
	end

	function self.tell_rate(a)
		local window = ARGV[a + 2]
		answer[n_answers + 1] = tonumber(ARGV[a + 1])
		answer[n_answers + 2] = tonumber(window) or 0
		answer[n_answers + 3] = window == 'daily' and 1 or
			window == 'monthly' and 2 or 0
		n_answers = n_answers + 3
	end

	return self
end

-- Sets of values; an item has MORE, so there is a hold.
function make_viewer()
	local self = {}

	-- What counts for each rate was seen later than its `from`.
	local function read_rates(first, n)
		local rates, lowest, latest = {}, now, now
		for r = 1, n do
			local a = first + 3 * r + 1
			local window = ARGV[a + 2]
			local rate = { bound = tonumber(ARGV[a + 1]), wait = 0 }
			if window == 'daily' or window == 'monthly' then
				calendar = calendar or make_calendar()
				local _, begin, ends = calendar.span(window)
				rate.from, rate.ends = begin - 1, ends
				latest = math.max(latest, ends)
			else
				rate.ms = window * 1000
				rate.from = now - rate.ms
				latest = math.max(latest, now + rate.ms)
			end
			rates[r] = rate
			lowest = math.min(lowest, rate.from)
		end
		return rates, lowest, latest
	end

	local function used_in(key, rate)
		return call('ZCOUNT', key, '(' .. digits(rate.from), '+inf')
	end

	-- Until n of the others that count now do so no more.
	local function wait_others(key, rate, n, members)
		if not rate.ms then
			return rate.ends - now
		end
		local is_member = {}
		for i = 1, #members do
			is_member[members[i]] = true
		end
		local list = call('ZRANGEBYSCORE', key,
			'(' .. digits(rate.from), '+inf', 'WITHSCORES',
			'LIMIT', 0, n + #members)
		for i = 1, #list, 2 do
			if not is_member[list[i]] then
				n = n - 1
				if n == 0 then
					return list[i + 1] + rate.ms - now
				end
			end
		end
		return 0
	end

	-- What a clock far ahead has seen is as of now. True: there was some.
	local function put_right(key, lowest)
		local list = call('ZRANGEBYSCORE', key,
			'(' .. digits(2 * now - lowest), '+inf')
		for i = 1, #list do
			call('ZADD', key, digits(now), list[i])
		end
		return #list > 0
	end

	-- Adds the members; new[i] is 1 for one that was not there. Two charges
	-- that saw a value in one ms must not look alike to a give-back. More
	-- than cap there are only by attempts: one more than that keeps the
	-- next value out, too.
	local function add(key, members, seen, lowest, cap)
		local new = {}
		call('ZREMRANGEBYSCORE', key, '-inf', digits(lowest))
		for i = 1, #members do
			local at = seen[i] and tonumber(seen[i])
			local is_new = not at or at <= lowest
			new[i] = is_new and 1 or 0
			call('ZADD', key, digits(is_new and now or
				math.max(now, at + 1)), members[i])
		end
		local over = call('ZCARD', key) - cap - 1
		if over > 0 then
			call('ZREMRANGEBYRANK', key, 0, over - 1)
		end
		return new, over > 0
	end

	-- Fills rates with what there is; returns which is the first that the
	-- members do not fit, and the largest maximum.
	local function weigh(key, rates, members, seen)
		local worst, cap
		for r = 1, #rates do
			local rate = rates[r]
			rate.used = used_in(key, rate)
			rate.all = rate.used + #members
			for i = 1, #members do
				if seen[i] and tonumber(seen[i]) > rate.from then
					rate.all = rate.all - 1
				end
			end
			if rate.all > rate.bound then
				worst = worst or r
				rate.wait = #members > rate.bound and -1 or
					wait_others(key, rate,
						rate.all - rate.bound, members)
			end
			cap = math.max(cap or 0, rate.bound)
		end
		return worst, cap
	end

	-- Counts the item at `first`; its members are at `from` to `to`.
	function self.see(key, op, first, hold, from, to)
		local members = { unpack(ARGV, from, to) }
		local seen = redis.pcall('ZMSCORE', key, unpack(members))
		if seen.err then
			return not is_foreign(seen) and seen or nil
		end
		local rates, lowest, latest =
			read_rates(first, tonumber(ARGV[first + 2]))
		if put_right(key, lowest) then
			seen = call('ZMSCORE', key, unpack(members))
		end
		local worst, cap = weigh(key, rates, members, seen)
		local fits = holder.judge(hold, not worst,
			first + 3 * (worst or 1) + 1, rates[worst or 1].all)
		local charges = op == 'attempt' or (op == 'charge' and fits)
		local new, is_cut = {}, false
		if charges then
			new, is_cut = add(key, members, seen, lowest, cap)
			keep_alive(key, latest)
		end
		holder.tell(hold, fits, #rates)
		for r = 1, #rates do
			local rate = rates[r]
			if charges then
				rate.used = is_cut and used_in(key, rate) or
					rate.all
			end
			answer[n_answers + 1] = rate.used
			answer[n_answers + 2] = charges and now or -1
			answer[n_answers + 3] = hold.is_unlimited and 0 or
				rate.wait
			n_answers = n_answers + 3
			holder.tell_rate(first + 3 * r + 1)
		end
		for i = 1, #members do
			n_answers = n_answers + 1
			answer[n_answers] = new[i] or 0
		end
	end

	-- Takes members out again, unless they were seen once more since.
	function self.forget(key, first)
		local last = first + 3 + ARGV[first + 3]
		local seen = redis.pcall('ZMSCORE', key,
			unpack(ARGV, first + 4, last))
		if seen.err then
			return not is_foreign(seen) and seen or nil
		end
		for i = 1, #seen do
			if seen[i] == ARGV[first + 1] then
				call('ZREM', key, ARGV[first + 3 + i])
			end
		end
		n_answers = n_answers + 1
		answer[n_answers] = 1
	end

	return self
end

-- Gives back; needs no time: what is still there is what was charged.
function give_back(key, first)
	local amount, texts = tonumber(ARGV[first + 1]), nil

	-- Takes from one of nine slots, if it is there: a newer one is number 9.
	local function take(view, i)
		local n = 0
		if i == 9 then
			amount = math.min(amount, view.last)
			view.last = view.last - amount
		else
			view.older = string.gsub(view.older, '%d+',
				function(slot)
					n = n + 1
					if n ~= i then
						return nil
					end
					amount = math.min(amount, tonumber(slot))
					return tostring(digits(slot - amount))
				end)
		end
		view.used = math.max(0, view.used - amount)
		return view
	end

	-- The text of a field after that; nil: nothing changes.
	local function less(text, slot)
		local used, max, newest, older, last = match(text, VALUE)
		if used then
			local i = slot - newest + 9
			return i >= 1 and i <= 9 and as_text(take({ ms = 1,
				label = newest, older = older,
				last = tonumber(last),
				used = tonumber(used) }, i), max)
		end
		used, max, newest = match(text, SPAN)
		return used and string.gsub(newest, '-', '') == slot and
			as_text({ label = newest,
				used = math.max(0, used - amount) }, max)
	end

	texts = read(key, first, tonumber(ARGV[first + 2]))
	if texts.err then
		return not is_foreign(texts) and texts or nil
	end
	for r = 1, #texts do
		local a, all = first + 3 * r + 1, amount
		local text = texts[r] and less(texts[r], ARGV[a + 1])
		if text then
			call('HSET', key, ARGV[a], text)
		end
		amount = all
	end
	n_answers = n_answers + 1
	answer[n_answers] = 1
end

-- Looks into a table: a hash, or a set that was made by hand. More entries than
-- PART do not go onto the stack of a script at once.
function look_up(key, first)
	local PART = 4000
	local last = first + 3 + ARGV[first + 3]
	local is_set = false

	local function ask(from, to)
		local command = is_set and 'SMISMEMBER' or 'HMGET'
		local found = redis.pcall(command, key, unpack(ARGV, from, to))
		if found.err and not is_set and
				string.find(found.err, '^-?WRONGTYPE') then
			is_set = true
			return ask(from, to)
		end
		return found
	end

	-- What is found of one entry; false: nothing.
	local function value_of(text)
		if is_set then
			return text == 1 and ''
		end
		local ends, value = match(text or '', '^(%d+) (.*)$')
		if not ends or ends == '0' or ends * 1000 > now then
			return value or text
		end
		return false
	end

	for from = first + 4, last, PART do
		local found = ask(from, math.min(last, from + PART - 1))
		if found.err then
			return not is_foreign(found) and found or nil
		elseif from == first + 4 then
			n_answers = n_answers + 1
			answer[n_answers] = 1
		end
		for i = 1, #found do
			answer[n_answers + i] = value_of(found[i])
		end
		n_answers = n_answers + #found
	end
end
