/** What `corral init` writes. Every line that begins with `#` and holds a setting shows its default or an example. */
export const configTemplate = `# Corral, a gateway in front of Ollama servers. Check this file with "corral config check"; a running gateway
# takes changes over by itself. Flags and CORRAL_* variables go before it: "corral config show" says what holds.

# Where clients connect. Another address than loopback lets other machines in (with a key).
listen: 127.0.0.1:11435

# Serve https:
# tls: {cert: cert.pem, key: key.pem}

# The Ollama servers behind the gateway; a request goes to a healthy one that has the model, by priority. Without
# this list it is the one that OLLAMA_HOST names, or 127.0.0.1:11434.
# upstreams:
#   - name: local
#     url: http://127.0.0.1:11434
#     priority: 1                     # lower is preferred
#   - name: gpu-1
#     url: https://gpu-1.example.com/ollama
#     priority: 2
#     headers: {authorization: "Bearer \${GPU_1_TOKEN}"}    # \${NAME} is taken from the environment
#     memory: 24GB                    # models that take more are not sent there
#     slots: auto                     # requests per loaded model at a time: learnt, or its OLLAMA_NUM_PARALLEL
#     max_response_time: 2s           # slower health probes make it less preferred
#     enabled: true

# Users and keys are made with "corral user create NAME" and "corral key create NAME".
# auth:
#   mode: keys                        # none lets everybody in
#   path_keys: on                     # accept http://host/k/KEY/..., for clients that only take a URL
#   tokens_file: authTokens.json      # keys from elsewhere: a JSON array of strings
#   key_file: keys.txt                # and one key per line, or salted hashes together with key_salt

# models:
#   aliases: {gpt-4o-mini: "qwen3:8b"}          # what a client asks for, and the model it gets
#   assignments: {"qwen3:32b": [gpu-1]}         # models that only these upstreams serve
#   fallbacks: {"qwen3:32b": ["qwen3:8b"]}      # who answers when nobody has the model
#   keep_warm: ["qwen3:8b"]                     # stays loaded on at least one of them
#   desired: {gpu-1: ["qwen3:8b"]}              # what "corral models sync" pulls
#   policies: [{match: "*", num_ctx: allow, keep_alive: allow}]    # allow, strip, or a value

# trusted_proxies: []                 # addresses whose X-Forwarded-For counts, such as 10.0.0.0/8
# cors: {origins: []}                 # web pages that may call the gateway
# drain: 30s                          # how long running answers may take when the gateway stops

# routing:
#   first_byte_timeout: 30m           # a cold model may load for long
#   idle_timeout: 10m
#   spill_after: 20s                  # a worse priority is used too when the better one's wait is longer

# queue: {max_length: 512, max_wait: 5m}    # of requests that wait for an upstream

# limits: {body: 64MB, bodies_total: 256MB}
# store: {url: "sqlite:corral.db"}
# log: {level: info, format: auto, requests: logs/, bodies: off}
`
