"""libcurl's codes as stable slugs, so that nothing else has to know libcurl (nor its messages)."""

from __future__ import annotations

import errno

import pycurl

from hotline.core.network.tls import TlsFacts

_SLUGS = {
    pycurl.E_URL_MALFORMAT: "bad_url",
    pycurl.E_COULDNT_RESOLVE_PROXY: "proxy_failure",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns_failure",
    pycurl.E_COULDNT_CONNECT: "refused",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_SSL_CONNECT_ERROR: "tls_failed",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls_invalid",
    pycurl.E_GOT_NOTHING: "empty_reply",
    pycurl.E_PARTIAL_FILE: "truncated",
    pycurl.E_BAD_CONTENT_ENCODING: "bad_encoding",
    pycurl.E_RECV_ERROR: "connection_lost",
    pycurl.E_SEND_ERROR: "connection_lost",
    pycurl.E_FILESIZE_EXCEEDED: "too_large",
    pycurl.E_OUT_OF_MEMORY: "out_of_memory",
}
_PROXY = 97  # CURLE_PROXY: the details are in PROXY_ERROR
_PROXY_ANSWERS = {  # CURLPX_*: what a SOCKS proxy said of the far side, not of itself
    19: "refused",
    21: "unreachable",
    22: "unreachable",
    24: "unreachable",
    27: "dns_failure",
}
_OK_CONNECT = range(200, 300)

# X509_V_ERR_* of OpenSSL; with 0 or 1 it was curl's own check of the host name that failed.
_TLS_PROBLEMS = {
    1: "wrong_host",
    0: "wrong_host",
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",
    20: "unknown_issuer",
    21: "unknown_issuer",
    23: "revoked",
    62: "wrong_host",
    64: "wrong_host",
}


def slug_of(curl: pycurl.Curl, code: int, *, through_proxy: bool) -> str:
    """Why an exchange failed. A proxy's own failure is told apart from what lies behind it."""
    if code == _PROXY:
        return _PROXY_ANSWERS.get(
            int(curl.getinfo(pycurl.PROXY_ERROR)), "proxy_failure"
        )
    # libcurl has one code for "the proxy is down" and "the host is": only the proxy's answer tells.
    if through_proxy:
        connect = int(curl.getinfo(pycurl.HTTP_CONNECTCODE))
        if code == pycurl.E_COULDNT_CONNECT or (
            connect and connect not in _OK_CONNECT
        ):
            return "proxy_failure"
    if code == pycurl.E_COULDNT_CONNECT:
        away = (errno.ENETUNREACH, errno.EHOSTUNREACH)
        return (
            "unreachable"
            if curl.getinfo(pycurl.OS_ERRNO) in away
            else "refused"
        )
    return _SLUGS.get(code, "bad_response")


def tls_facts(curl: pycurl.Curl, *, valid: bool) -> TlsFacts:
    code = 0 if valid else int(curl.getinfo(pycurl.SSL_VERIFYRESULT))
    problem = None if valid else _TLS_PROBLEMS.get(code, "invalid")
    return TlsFacts(valid, code, problem)
