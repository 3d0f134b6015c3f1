"""Channels: how a message leaves. Each says truthfully whether the other side took it."""
