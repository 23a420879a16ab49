enum HashingPlaceholder {}
