enum JSONTextTestsPlaceholder {}
