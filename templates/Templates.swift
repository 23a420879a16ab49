enum Template {}
