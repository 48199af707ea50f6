# Python 3 with the package cryptography.
import base64
import hashlib
import json
import os
import urllib.request

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def sha1(data):
    return hashlib.sha1(data).digest()


KEY = sha1(sha1(os.environ["{{ENV}}_ENCRYPT_KEY"].encode()))[:16]
CIPHER = Cipher(algorithms.AES(KEY), modes.ECB())


def encrypt(text):
    padder, encryptor = PKCS7(128).padder(), CIPHER.encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize())


def decrypt(body):
    unpadder, decryptor = PKCS7(128).unpadder(), CIPHER.decryptor()
    padded = decryptor.update(base64.b64decode(body)) + decryptor.finalize()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def call(action, fields):
    message = {
        "{{userName}}": os.environ["{{ENV}}_USER_NAME"],
        "{{authentication}}": os.environ["{{ENV}}_AUTHENTICATION"],
        "{{action}}": action,
        **fields,
    }
    body = encrypt(json.dumps(message))
    headers = {"Content-Type": "{{contentType}}"}
    request = urllib.request.Request(os.environ["{{ENV}}_URL"], body, headers)
    # An exception from here on leaves open whether it was carried out.
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(decrypt(response.read()))
