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
-- Everything is read before anything is written, because a script that fails in
-- the middle is not rolled back. The same arithmetic in C is charge.c.
local MAX = 9007199254740991
local SLACK = 60000
local VALUE = '^%d+/(%d+)' .. string.rep(' (%d+)', 10) .. '$'
local TEXT = '%.0f/%.0f %.0f' .. string.rep(' %.0f', 9)

-- TIME is not frozen while a script runs: it is asked once.
local now = tonumber(ARGV[1])
if not now then
	local time = redis.call('TIME')
	now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A field is nine slots, the oldest first, with newest and max; what does not
-- look like one is nil, as if it were not there.
local function parse(text)
	local n = { string.match(text, VALUE) }
	local max, newest, total = tonumber(n[1]), tonumber(n[2]), 0
	if not max or max > MAX or newest > MAX then
		return nil
	end
	local field = { 0, 0, 0, 0, 0, 0, 0, 0, 0, max = max, newest = newest }
	for i = 1, 9 do
		-- Most are 0, and tonumber is what this script waits for.
		if n[i + 2] ~= '0' then
			field[i] = tonumber(n[i + 2])
			total = total + field[i]
		end
	end
	return total <= MAX and field or nil
end

-- The field as of this slot. A newest slot of up to 8 ahead is a clock that was
-- set back a little: it stays the newest. Further ahead the clock had gone far
-- wrong: the counts are kept under the present number.
local function view_at(field, slot)
	if not field then
		return { 0, 0, 0, 0, 0, 0, 0, 0, 0, newest = slot }
	end
	local shift = slot - field.newest
	if shift <= 0 and shift >= -8 then
		return field
	end
	local view = { newest = slot }
	for i = 1, 9 do
		view[i] = field[i + math.max(shift, 0)] or 0
	end
	return view
end

local function sum(field)
	local total = 0
	for i = 1, 9 do
		total = total + field[i]
	end
	return total
end

local function wait_ms(rate, amount)
	local left, view = rate.used, rate.view
	if rate.fits then
		return 0
	elseif amount > rate.bound then
		return -1
	end
	for i = 1, 9 do
		left = left - view[i]
		if amount <= rate.bound - left then
			return (view.newest + i) * rate.ms - now
		end
	end
end

local function write_later(key, name, field)
	key.fields[name] = field
	key.changed[name] = true
	key.is_changed = true
end

local function charge_rate(key, rate, amount)
	local view = rate.view
	local room = math.min(amount, MAX - rate.used)
	view[9] = view[9] + room
	view.max = rate.bound
	rate.used = rate.used + room
	key.lives_ms = math.max(key.lives_ms, (view.newest + 9) * rate.ms - now)
	write_later(key, rate.name, view)
end

local function count(use, answer)
	local fits = true
	for _, rate in ipairs(use) do
		local slot = math.floor(now / rate.ms)
		rate.view = view_at(use.key.fields[rate.name], slot)
		rate.used = sum(rate.view)
		rate.fits = use.amount <= rate.bound - rate.used
		fits = fits and rate.fits
	end
	local charges = use.op == 'attempt' or (use.op == 'charge' and fits)
	answer[#answer + 1] = fits and 1 or 0
	for _, rate in ipairs(use) do
		if charges then
			charge_rate(use.key, rate, use.amount)
		end
		answer[#answer + 1] = rate.used
		answer[#answer + 1] = charges and rate.view.newest or -1
		answer[#answer + 1] = wait_ms(rate, use.amount)
	end
end

-- Needs no time: a slot that is still there is the one that was charged.
local function give_back(use)
	for _, rate in ipairs(use) do
		local field = use.key.fields[rate.name]
		local i = field and rate.bound - field.newest + 9
		if i and i >= 1 and i <= 9 and field[i] > 0 then
			field[i] = math.max(0, field[i] - use.amount)
			write_later(use.key, rate.name, field)
		end
	end
end

local uses, keys, by_name = {}, {}, {}
local at = 2
for i, name in ipairs(KEYS) do
	local key = by_name[name]
	if not key then
		key = { name = name, names = {}, fields = {}, changed = {},
			lives_ms = 0 }
		by_name[name] = key
		keys[#keys + 1] = key
	end
	local use = { key = key, op = ARGV[at], amount = tonumber(ARGV[at + 1]) }
	for r = 1, tonumber(ARGV[at + 2]) do
		local a = at + 3 * r
		use[r] = { name = ARGV[a], bound = tonumber(ARGV[a + 1]),
			ms = tonumber(ARGV[a + 2]) * 125 }
		if key.fields[ARGV[a]] == nil then
			key.fields[ARGV[a]] = false
			key.names[#key.names + 1] = ARGV[a]
		end
	end
	at = at + 3 + 3 * #use
	uses[i] = use
end

for _, key in ipairs(keys) do
	local values = redis.pcall('HMGET', key.name, unpack(key.names))
	if not values.err then
		for i, name in ipairs(key.names) do
			key.fields[name] = values[i] and parse(values[i])
		end
	elseif string.find(values.err, '^-?WRONGTYPE') then
		key.is_foreign = true
	else
		return values
	end
end

local answer = {}
for _, use in ipairs(uses) do
	if use.key.is_foreign then
		answer[#answer + 1] = -1
	elseif use.op == 'give-back' then
		give_back(use)
		answer[#answer + 1] = 1
	else
		count(use, answer)
	end
end

-- The hash may hold other windows that need a later expiry: never shorten it.
-- The slack is there twice so that not each charge must set it.
for _, key in ipairs(keys) do
	if key.is_changed then
		local args = {}
		for name in pairs(key.changed) do
			local f = key.fields[name]
			args[#args + 1] = name
			args[#args + 1] = string.format(TEXT, sum(f), f.max,
				f.newest, unpack(f, 1, 9))
		end
		redis.call('HSET', key.name, unpack(args))
		if key.lives_ms > 0 and redis.call('PTTL', key.name) <
		    key.lives_ms + SLACK then
			redis.call('PEXPIRE', key.name, string.format('%.0f',
				key.lives_ms + 2 * SLACK))
		end
	end
end
return answer
