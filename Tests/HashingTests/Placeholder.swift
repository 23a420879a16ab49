enum HashingTestsPlaceholder {}
