"""What rules claim, shown in torch on their loud examples, and gone from the fixed texts."""
