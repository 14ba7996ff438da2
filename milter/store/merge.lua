-- merge.lua: adds what a host has counted by itself while this store was away.
--
-- KEYS: counters, values, lock. ARGV: how long they are needed (ms), the text
-- of the lock or '', until when it lasts (s), the number of counters, as many
-- times FIELD TEXT as they stand in a hash, then members and when each was
-- seen. Slots are added where they belong, whether it fits or not; of two days
-- or locks the later one counts, of a value the later time. A key of another
-- type is left alone.
local MAX = 9007199254740991
local SLOTS = '^%d+/(%d+) (%d+) ([%d ]+)$'
local SPAN = '^(%d+)/(%d+) (%d%d%d%d%-%d%d[%d%-]*)$'
local lives_ms = tonumber(ARGV[1])

local function digits(n)
	return string.format('%.0f', n)
end

local function read_slots(text)
	local max, newest, rest = string.match(text or '', SLOTS)
	local slots = {}
	for slot in string.gmatch(rest or '', '%d+') do
		slots[#slots + 1] = tonumber(slot)
	end
	if #slots ~= 9 then
		return nil
	end
	return slots, tonumber(newest), max
end

local function merge_slots(there, text)
	local ours, newest, max = read_slots(text)
	local theirs, latest = read_slots(there)
	if not theirs then
		return text
	end
	local ends, used, slots = math.max(newest, latest), 0, {}
	for i = 1, 9 do
		-- as 0 counts what one of them has forgotten, or not reached
		slots[i] = theirs[i + ends - latest] or 0
		used = used + slots[i]
	end
	for i = 1, 9 do
		local more = math.min(ours[i + ends - newest] or 0, MAX - used)
		slots[i] = slots[i] + more
		used = used + more
	end
	for i = 1, 9 do
		slots[i] = digits(slots[i])
	end
	return digits(used) .. '/' .. max .. ' ' .. digits(ends) .. ' ' ..
		table.concat(slots, ' ')
end

local function merge_span(there, text)
	local used, _, label = string.match(there or '', SPAN)
	local more, max, ours = string.match(text, SPAN)
	if not used or #label ~= #ours or label < ours then
		return text
	elseif label > ours then
		return there
	end
	return digits(math.min(MAX, used + more)) .. '/' .. max .. ' ' .. label
end

local function keep_alive(key)
	if redis.call('PTTL', key) < lives_ms then
		redis.call('PEXPIRE', key, digits(lives_ms))
	end
end

local function is_ours(key, type)
	local there = redis.call('TYPE', key).ok
	return there == type or there == 'none'
end

local n = tonumber(ARGV[4])
if n > 0 and is_ours(KEYS[1], 'hash') then
	for i = 1, n do
		local field, text = ARGV[3 + 2 * i], ARGV[4 + 2 * i]
		local there = redis.call('HGET', KEYS[1], field)
		local merge = read_slots(text) and merge_slots or merge_span
		redis.call('HSET', KEYS[1], field, merge(there, text))
	end
	keep_alive(KEYS[1])
end
if #ARGV > 4 + 2 * n and is_ours(KEYS[2], 'zset') then
	for i = 5 + 2 * n, #ARGV, 2 do
		redis.call('ZADD', KEYS[2], 'GT', ARGV[i + 1], ARGV[i])
	end
	keep_alive(KEYS[2])
end
if ARGV[2] ~= '' and is_ours(KEYS[3], 'string') then
	local ends = string.match(redis.call('GET', KEYS[3]) or '',
		'^until=(%d+)')
	if not ends or tonumber(ends) < tonumber(ARGV[3]) then
		redis.call('SET', KEYS[3], ARGV[2], 'PX', digits(lives_ms))
	end
end
return 1
