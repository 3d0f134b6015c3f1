"""The second factor: codes of an app (TOTP), passkeys (WebAuthn) and recovery codes."""
