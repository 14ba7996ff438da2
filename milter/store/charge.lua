-- charge.lua: all arithmetic of limits, for all that a call asks, at once.
--
-- KEYS: one key for each item; behind them, for each item that counts, in
-- their order, the key of its grant and, if it has MORE, of its lock. One key
-- may stand there several times. ARGV: the time in ms ('' is the server's
-- own), the calendar (see `spans`), the number of items, then the items:
--
--   OP AMOUNT N MORE, N times FIELD BOUND WINDOW, and MORE words: for
--   charge, peek, attempt
--       BOUND is the maximum, WINDOW seconds or daily or monthly; MORE is 0 or
--       LOCK BY UNLIMITED and MEMBERs. LOCK is seconds, or 0; UNLIMITED is 0
--       or 1; with members the key is a set of values
--   give-back
--       BOUND is the number of the slot, digits of the day or month
--   forget
--       members of a set; AMOUNT is when they were seen
--   look-up
--       entries of a table
--
-- Answers, one after the other: -1 for a key of another type. For what counts
-- 0 (does not fit) or 1 (fits), and for each field: used, slot (-1: nothing
-- charged), ms until the amount fits (-1: never). If more is to be said, 2 or 3
-- instead, then FLAGS (1 granted, 2 unlimited, 4 this locked
-- it), ms of the lock, the number of fields, and behind the three numbers of a
-- field its maximum, seconds and period (0, 1 daily, 2 monthly); behind the
-- fields of a set, for each member, 1 if it is new. For a give-back 1. For a
-- look-up 1, and for each entry its value or nil.
--
-- A script that fails in the middle is not rolled back. Here only the first
-- write can fail (a replica, no memory: Redis decides that once for a script),
-- and the type of a key is seen before it is written.
--
-- This runs for every step of every mail while Redis does nothing else, so it
-- makes few tables, what need not be a number stays text, and what is seldom
-- needed is not even defined before (see `seldom`). The same arithmetic in C is
-- charge.c, distinct.c, raise.c and memory_count.c.
local KEYS, ARGV = KEYS, ARGV
local call = redis.call
local floor, match = math.floor, string.match
local MAX = 9007199254740991
local SLACK = 60000
local VALUE = '^(%d+)/(%d+) (%d+) (%d+ %d+ %d+ %d+ %d+ %d+ %d+ %d+) (%d+)$'
local SPAN = '^(%d+)/(%d+) (%d%d%d%d%-%d%d[%d%-]*)$'
local NONE = '0 0 0 0 0 0 0 0'

-- TIME is not frozen while a script runs: it is asked once.
local now = tonumber(ARGV[1])
if not now then
	local time = call('TIME')
	now = time[1] * 1000 + floor(time[2] / 1000)
end

-- With room for a usual call: growing by one costs more than filling.
local answer, n_answers = { 0, 0, 0, 0, 0, 0, 0, 0 }, 0
local views, fields = {}, { 0, 0, 0, 0 }

-- A number as digits; concatenation alone would round from 10^14 on.
local function digits(n)
	return n < 1e14 and n or string.format('%.0f', n)
end

-- The eight older slots, moved by 1 to 8 places, as text; and their sum.
local function move(older, last, shift)
	local slots, n, used = {}, 0, 0
	for slot in string.gmatch(older .. ' ' .. last, '%d+') do
		n = n + 1
		if n > shift then
			slots[n - shift] = slot
			used = used + slot
		end
	end
	for i = 10 - shift, 8 do
		slots[i] = '0'
	end
	return table.concat(slots, ' ', 1, 8), used
end

-- Fills view with a field as of now: newest (number of its newest slot; as
-- text it is label), last (how much is in that), older (the eight before it,
-- as text) and used; ends is when none of it counts any more, is_new that it
-- has just become so late.
-- What does not look like a field counts as empty. A newest slot of up to 8
-- ahead is a clock that was set back a little: it stays the newest. Further
-- ahead the clock had gone far wrong: the counts are kept under the present
-- number.
local function look(view, text, ms)
	local used, max, newest, older, last
	local slot = floor(now / ms)
	if text then
		used, max, newest, older, last = match(text, VALUE)
	end
	view.ms, view.is_new = ms, true
	view.newest, view.label = slot, slot
	view.last, view.older, view.used = 0, NONE, 0
	if newest and (#used < 16 or tonumber(used) <= MAX) and
			(#max < 16 or tonumber(max) <= MAX) then
		local shift = slot - newest
		if shift <= 0 then
			if shift >= -8 then
				view.newest, view.label = tonumber(newest),
					newest
				view.is_new = false
			end
			view.older, view.last, view.used = older,
				tonumber(last), tonumber(used)
		elseif shift <= 8 then
			view.older, view.used = move(older, last, shift)
		end
	end
	view.ends = (view.newest + 9) * ms
end

local function as_text(view, bound)
	if not view.ms then
		return digits(view.used) .. '/' .. bound .. ' ' .. view.label
	end
	return digits(view.used) .. '/' .. bound .. ' ' .. view.label .. ' ' ..
		view.older .. ' ' .. digits(view.last)
end

-- The key may hold other windows that need a later expiry: never shorten it.
-- The slack is there twice so that not each charge must set it.
local function keep_alive(key, ends)
	if call('PTTL', key) < ends - now + SLACK then
		call('PEXPIRE', key, digits(ends - now + 2 * SLACK))
	end
end

-- How long until the amount fits, if nothing else is charged.
local function wait_ms(view, amount, bound)
	local left, i = view.used, 0
	if amount > bound then
		return -1
	end
	if not view.ms then
		return view.ends - now
	end
	for slot in string.gmatch(view.older, '%d+') do
		i = i + 1
		left = left - slot
		if amount <= bound - left then
			return (view.newest + i) * view.ms - now
		end
	end
	return view.ends - now
end

-- The fields of a use as they stand in Redis; they may fail with WRONGTYPE.
local function read(key, first, n)
	if n == 1 then
		return redis.pcall('HMGET', key, ARGV[first + 4])
	elseif n == 2 then
		return redis.pcall('HMGET', key, ARGV[first + 4], ARGV[first + 7])
	end
	local names = {}
	for r = 1, n do
		names[r] = ARGV[first + 3 * r + 1]
	end
	return redis.pcall('HMGET', key, unpack(names))
end

-- A failure to read: true if it is the type of the key, which is answered.
local function is_foreign(texts)
	if string.find(texts.err, '^-?WRONGTYPE') then
		n_answers = n_answers + 1
		answer[n_answers] = -1
		return true
	end
	return false
end

-- What is seldom needed. Making a function costs in every run, needed or not, so
-- these are made by the first that needs one of them.
local make_calendar, make_holder, make_viewer, give_back, look_up
local calendar, holder, viewer
local function seldom()
	if make_calendar then
		return
	end
--#include charge_seldom.lua
end

-- Counts the item at `first`, whose key is a hash. more, lock_key: where a lock
-- is described, if there may be one. Returns a failure, or nil.
local function count(key, op, first, hold, more, lock_key)
	local amount, n = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
	local fits, worst, ends = true, 1, 0
	local texts = read(key, first, n)
	if texts.err then
		return not is_foreign(texts) and texts or nil
	end
	for r = 1, n do
		local a = first + 3 * r + 1
		local view, window = views[r], ARGV[a + 2]
		if not view then
			view = { ms = 0, is_new = true, newest = 0, label = 0,
				last = 0, older = 0, used = 0, ends = 0 }
			views[r] = view
		end
		if window == 'daily' or window == 'monthly' then
			seldom()
			calendar = calendar or make_calendar()
			calendar.look(view, texts[r], window)
		else
			look(view, texts[r], window * 125)
		end
		if amount > ARGV[a + 1] - view.used and fits then
			fits, worst = false, r
		end
	end
	if more and not fits and not hold then
		seldom()
		holder = holder or make_holder()
		hold = holder.hold(first, nil, more, lock_key)
	end
	if hold then
		fits = holder.judge(hold, fits, first + 3 * worst + 1,
			views[worst].used + amount)
		holder.tell(hold, fits, n)
	else
		n_answers = n_answers + 1
		answer[n_answers] = fits and 1 or 0
	end
	local charges = op == 'attempt' or (op == 'charge' and fits)
	for r = 1, n do
		local a, view, slot = first + 3 * r + 1, views[r], -1
		local bound = ARGV[a + 1]
		local fit = amount <= bound - view.used or
			(hold and hold.is_unlimited)
		if charges then
			local room = math.min(amount, MAX - view.used)
			view.used = view.used + room
			if view.ms then
				view.last = view.last + room
				slot = view.newest
			else
				slot = tonumber((string.gsub(view.label, '-', '')))
			end
			fields[2 * r - 1] = ARGV[a]
			fields[2 * r] = as_text(view, bound)
			if view.is_new and view.ends > ends then
				ends = view.ends
			end
		end
		answer[n_answers + 1] = view.used
		answer[n_answers + 2] = slot
		answer[n_answers + 3] = fit and 0 or
			wait_ms(view, amount, tonumber(bound))
		n_answers = n_answers + 3
		if hold then
			holder.tell_rate(a)
		end
	end
	if charges then
		call('HSET', key, unpack(fields, 1, 2 * n))
		if ends > 0 then
			keep_alive(key, ends)
		end
	end
end

-- Counts an item that has a grant, a lock, members, or is unlimited.
local function count_held(key, op, first, more, grant_text, lock_key, lock_text)
	seldom()
	holder = holder or make_holder()
	local last = more and more + ARGV[first + 3] - 1
	local hold, at = holder.hold(first, grant_text, more, lock_key, lock_text)
	if last and last > more + 2 then
		viewer = viewer or make_viewer()
		return viewer.see(key, op, at, hold, more + 3, last)
	end
	return count(key, op, at, hold)
end

local n_items = tonumber(ARGV[3])
local h, holds = 0, nil
if #KEYS > n_items then
	holds = call('MGET', unpack(KEYS, n_items + 1))
end

local at = 4
for i = 1, n_items do
	local key, op, first, failure = KEYS[i], ARGV[at], at, nil
	local n_more = ARGV[at + 3]
	local more = at + 4 + 3 * ARGV[at + 2]
	at = more + n_more
	if op == 'charge' or op == 'peek' or op == 'attempt' then
		local granted = holds[h + 1]
		h = h + 1
		if n_more == '0' then
			more = nil
		else
			h = h + 1
		end
		if granted or (more and (n_more ~= '3' or holds[h] or
				ARGV[more + 2] == '1')) then
			failure = count_held(key, op, first, more, granted,
				KEYS[n_items + h], holds[h])
		else
			failure = count(key, op, first, nil, more,
				KEYS[n_items + h])
		end
	elseif op == 'give-back' then
		seldom()
		failure = give_back(key, first)
	elseif op == 'look-up' then
		seldom()
		failure = look_up(key, first)
	else
		seldom()
		viewer = viewer or make_viewer()
		failure = viewer.forget(key, first)
	end
	if failure then
		return failure
	end
end
for i = n_answers + 1, 8 do
	answer[i] = nil
end
return answer
