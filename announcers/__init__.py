"""What Kasugai says to others than its operators' screens: incidents as messages in a chat and as events of a pager.

May import core, schemas, adapters. What is said is data (templates); who may act upon it is the REST API's to know.
"""
