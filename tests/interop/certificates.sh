# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# Makes what TLS needs in the directory $1: an authority that both sides trust, with a certificate
# for the server at 127.0.0.1 and one for the client, and another authority that nobody trusts.

make_certificates() (
    cd "$1" || exit
    command -v openssl >/dev/null || {
        echo "SKIP: calls between the languages, for openssl makes the certificates: install openssl"
        exit 77
    }
    # Only what openssl is told here counts.
    OPENSSL_CONF=$PWD/openssl.cnf
    export OPENSSL_CONF
    printf '%s\n' '[req]' 'distinguished_name=name' 'prompt=no' '[name]' 'CN=unnamed' \
        '[authority]' 'basicConstraints=critical,CA:TRUE' \
        '[server]' 'subjectAltName=IP:127.0.0.1' \
        '[client]' 'extendedKeyUsage=clientAuth' >"$OPENSSL_CONF"
    {
        for name in authority stranger; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -subj "/CN=$name" -extensions authority -keyout "$name.key" -out "$name.pem"
        done
        for name in server client; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
            openssl x509 -req -in "$name.csr" -CA authority.pem -CAkey authority.key \
                -CAcreateserial -days 2 -extfile "$OPENSSL_CONF" -extensions "$name" \
                -out "$name.pem"
        done
    } >openssl.log 2>&1 || {
        cat openssl.log
        exit 1
    }
)
