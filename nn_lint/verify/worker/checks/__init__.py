"""What is looked at in a module that ran: each check in a module of its own, each finding with how sure it is."""
