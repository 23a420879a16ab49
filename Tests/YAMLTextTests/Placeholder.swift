enum YAMLTextTestsPlaceholder {}
