-- charge.lua: all arithmetic of limits, for all uses of a call at once.
--
-- KEYS: the key of each use; one key may stand there several times. ARGV: the
-- time in ms ('' is the server's own), then for each use OP AMOUNT N and N times
-- FIELD BOUND WINDOW. OP is peek, charge, attempt or give-back; BOUND is the
-- maximum or, for give-back, the number of the slot; WINDOW is in seconds.
-- Answers for each use 1 (fits), 0 or -1 (a key of another type); after 1 and 0,
-- unless it was a give-back, for each field: used, slot (-1: nothing charged),
-- ms until the amount fits (-1: never).
--
-- A script that fails in the middle is not rolled back. Here only the first
-- write can fail (a replica, no memory: Redis decides that once for a script),
-- and the type of a key is seen before it is written.
--
-- This runs for every step of every mail while Redis does nothing else, so it
-- makes few tables, and what need not be a number stays text. The same
-- arithmetic in C is charge.c.
local KEYS, ARGV = KEYS, ARGV
local floor, match = math.floor, string.match
local MAX = 9007199254740991
local SLACK = 60000
local VALUE = '^(%d+)/(%d+) (%d+) (%d+ %d+ %d+ %d+ %d+ %d+ %d+ %d+) (%d+)$'
local NONE = '0 0 0 0 0 0 0 0'

-- TIME is not frozen while a script runs: it is asked once.
local now = tonumber(ARGV[1])
if not now then
	local time = redis.call('TIME')
	now = time[1] * 1000 + floor(time[2] / 1000)
end

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

-- Fills view with a field as of this slot: newest (number of its newest slot),
-- last (how much is in that), older (the eight before it, as text) and used.
-- What does not look like a field counts as empty. A newest slot of up to 8
-- ahead is a clock that was set back a little: it stays the newest. Further
-- ahead the clock had gone far wrong: the counts are kept under the present
-- number.
local function look(view, text, slot)
	local used, max, newest, older, last
	if text then
		used, max, newest, older, last = match(text, VALUE)
	end
	view.newest, view.last, view.older, view.used = slot, 0, NONE, 0
	if not newest or tonumber(used) > MAX or tonumber(max) > MAX then
		return
	end
	local shift = slot - newest
	if shift <= 0 then
		view.newest = shift < -8 and slot or tonumber(newest)
		view.older, view.last, view.used = older, tonumber(last),
			tonumber(used)
	elseif shift <= 8 then
		view.older, view.used = move(older, last, shift)
	end
end

local function as_text(view, bound)
	return digits(view.used) .. '/' .. bound .. ' ' .. view.newest .. ' ' ..
		view.older .. ' ' .. digits(view.last)
end

-- The hash may hold other windows that need a later expiry: never shorten it.
-- The slack is there twice so that not each charge must set it.
local function keep_alive(key, lives_ms)
	if redis.call('PTTL', key) < lives_ms + SLACK then
		redis.call('PEXPIRE', key, digits(lives_ms + 2 * SLACK))
	end
end

-- How long until the amount fits, if nothing else is charged.
local function wait_ms(view, amount, bound, ms)
	local left, i = view.used, 0
	if amount > bound then
		return -1
	end
	for slot in string.gmatch(view.older, '%d+') do
		i = i + 1
		left = left - slot
		if amount <= bound - left then
			return (view.newest + i) * ms - now
		end
	end
	return (view.newest + 9) * ms - now
end

-- The fields of a use as they stand in Redis; they may fail with WRONGTYPE.
local function read(key, first, n)
	if n == 1 then
		return redis.pcall('HMGET', key, ARGV[first + 3])
	elseif n == 2 then
		return redis.pcall('HMGET', key, ARGV[first + 3], ARGV[first + 6])
	end
	local names = {}
	for r = 1, n do
		names[r] = ARGV[first + 3 * r]
	end
	return redis.pcall('HMGET', key, unpack(names))
end

local answer, n_answers = {}, 0
local views = {}

local function count(key, first, texts)
	local op, amount = ARGV[first], tonumber(ARGV[first + 1])
	local n, fits, lives_ms = tonumber(ARGV[first + 2]), true, 0
	for r = 1, n do
		local a = first + 3 * r
		local view = views[r]
		if not view then
			view = {}
			views[r] = view
		end
		look(view, texts[r], floor(now / (ARGV[a + 2] * 125)))
		if amount > ARGV[a + 1] - view.used then
			fits = false
		end
	end
	local charges = op == 'attempt' or (op == 'charge' and fits)
	n_answers = n_answers + 1
	answer[n_answers] = fits and 1 or 0
	for r = 1, n do
		local a = first + 3 * r
		local view, ms = views[r], ARGV[a + 2] * 125
		local bound = ARGV[a + 1]
		local fit = amount <= bound - view.used
		if charges then
			local room = math.min(amount, MAX - view.used)
			view.last = view.last + room
			view.used = view.used + room
			redis.call('HSET', key, ARGV[a], as_text(view, bound))
			lives_ms = math.max(lives_ms,
				(view.newest + 9) * ms - now)
		end
		answer[n_answers + 1] = view.used
		answer[n_answers + 2] = charges and view.newest or -1
		answer[n_answers + 3] = fit and 0 or
			wait_ms(view, amount, tonumber(bound), ms)
		n_answers = n_answers + 3
	end
	if lives_ms > 0 then
		keep_alive(key, lives_ms)
	end
end

-- Takes from one of the nine slots, if it is there: a newer one has number 9.
local function take(view, i, amount)
	local n = 0
	if i == 9 then
		amount = math.min(amount, view.last)
		view.last = view.last - amount
	else
		view.older = string.gsub(view.older, '%d+', function(slot)
			n = n + 1
			if n ~= i then
				return nil
			end
			amount = math.min(amount, tonumber(slot))
			return tostring(digits(slot - amount))
		end)
	end
	view.used = math.max(0, view.used - amount)
	return amount > 0
end

-- Needs no time: a slot that is still there is the one that was charged.
local function give_back(key, first, texts)
	local amount, view = tonumber(ARGV[first + 1]), {}
	for r = 1, tonumber(ARGV[first + 2]) do
		local a = first + 3 * r
		local _, max, newest = match(texts[r] or '', VALUE)
		local i = newest and ARGV[a + 1] - newest + 9
		if i and i >= 1 and i <= 9 then
			look(view, texts[r], tonumber(newest))
			if take(view, i, amount) then
				redis.call('HSET', key, ARGV[a],
					as_text(view, max))
			end
		end
	end
	n_answers = n_answers + 1
	answer[n_answers] = 1
end

local at = 2
for i = 1, #KEYS do
	local n = tonumber(ARGV[at + 2])
	local texts = read(KEYS[i], at, n)
	if texts.err then
		if not string.find(texts.err, '^-?WRONGTYPE') then
			return texts
		end
		n_answers = n_answers + 1
		answer[n_answers] = -1
	elseif ARGV[at] == 'give-back' then
		give_back(KEYS[i], at, texts)
	else
		count(KEYS[i], at, texts)
	end
	at = at + 3 + 3 * n
end
return answer
