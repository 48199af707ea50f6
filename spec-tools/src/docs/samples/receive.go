// A server for callbacks. Put a proxy that ends TLS in front of it.
package main

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

var callbacks = map[string]func(request map[string]any) (map[string]any, error){}

func receive(body string) (string, error) {
	text, err := decrypt(body)
	if err != nil {
		return "", err
	}
	var request map[string]any
	if err := json.Unmarshal(text, &request); err != nil {
		return "", err
	}
	for field, variable := range map[string]string{
		"{{userName}}":       "{{ENV}}_USER_NAME",
		"{{authentication}}": "{{ENV}}_AUTHENTICATION",
	} {
		given, _ := request[field].(string)
		if subtle.ConstantTimeCompare([]byte(given), []byte(os.Getenv(variable))) != 1 {
			return "", errors.New("the credentials are wrong")
		}
	}
	action, _ := request["{{action}}"].(string)
	answer, known := callbacks[action]
	if !known {
		return "", errors.New("the action is unknown")
	}
	response, err := answer(request)
	if err != nil {
		return "", err
	}
	now := time.Now().In(time.FixedZone("", {{offset}}))
	response["{{time}}"] = now.Format("2006-01-02 15:04:05.0000")
	text, err = json.Marshal(response)
	if err != nil {
		return "", err
	}
	return encrypt(text)
}

func serve(address string) error {
	handle := func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, 65536))
		var response string
		if request.Method != http.MethodPost {
			err = errors.New("a callback is a POST")
		}
		if err == nil {
			response, err = receive(string(body))
		}
		if err != nil {
			// The same response for all errors says nothing to a forger.
			log.Print("refused: ", err)
			writer.WriteHeader(http.StatusInternalServerError)
			return
		}
		writer.Header().Set("Content-Type", "{{contentType}}")
		io.WriteString(writer, response)
	}
	return http.ListenAndServe(address, http.HandlerFunc(handle))
}
