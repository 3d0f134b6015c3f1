"""What people do that no channel can: a call, a platform's portal, a letter. It is written down."""
