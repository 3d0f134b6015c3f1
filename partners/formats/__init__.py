"""What is sent: letters for people, documents for machines. Never media, never a reporter."""
