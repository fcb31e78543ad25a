-- Posts the bodies of a file in turns, and prints the outcome as one line of JSON.
-- Arguments: the file, a body in each line.

function init(args)
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
   local requests = {}
   for line in io.lines(args[1]) do
      wrk.body = line
      requests[#requests + 1] = wrk.format()
   end
   if #requests > 1 then -- otherwise wrk need not ask for each
      local last = 0
      function request()
         last = last % #requests + 1
         return requests[last]
      end
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,' ..
      '"refused":%d,"broken":%d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
