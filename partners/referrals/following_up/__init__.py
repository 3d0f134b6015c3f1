"""What comes after a referral: answers, words both ways, reminders, taking it back."""
