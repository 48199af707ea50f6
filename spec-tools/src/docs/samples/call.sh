# Needs curl and openssl. The list of processes shows the key: for trying out only.
key=$(printf %s "${{ENV}}_ENCRYPT_KEY" | openssl sha1 -binary | openssl sha1 -binary |
  head -c 16 | od -An -tx1 | tr -d ' \n')
encrypt() { openssl enc -aes-128-ecb -K "$key" -base64 -A; }
decrypt() { openssl enc -d -aes-128-ecb -K "$key" -base64 -A; }

# call ACTION [FIELDS]
call() {
  printf '{"{{userName}}": "%s", "{{authentication}}": "%s", "{{action}}": "%s"%s}' \
    "${{ENV}}_USER_NAME" "${{ENV}}_AUTHENTICATION" "$1" "${2:+, $2}" | encrypt |
    curl -sS --fail --max-time 30 -H 'Content-Type: {{contentType}}' --data-binary @- "${{ENV}}_URL" |
    decrypt
}
