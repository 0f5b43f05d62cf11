"""From records to views, pure: what the topics say about an incident or a subject, as the API shows it.

The answer depends on the *set* of records only: any order of arrival and any repetition give the same.
"""
